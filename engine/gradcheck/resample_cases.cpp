// resample_cases.cpp: upsampling, pooling and fade-in.
#include "engine/gradcheck/op_case.h"

namespace pg::gradcheck {

std::vector<OpCase> resample_cases() {
  std::vector<OpCase> cases;
  for (const int64_t factor : {1, 2, 3, 4}) {
    cases.push_back(
        {.name = message("Upsample", factor),
         .inputs = {{2, 3, 2, 5}},
         .run = [factor](const auto& in) { return ops::upsample(in[0], factor, 0.7); }});
    cases.push_back({.name = message("AvgPool", factor),
                     .inputs = {{2, 2 * factor, 3 * factor, 5}},
                     .run = [factor](const auto& in) { return ops::avg_pool(in[0], factor, 1.7); },
                     .reduction = static_cast<double>(factor * factor)});
  }
  for (const double alpha : {0.0, 0.25, 1.0}) {
    cases.push_back({.name = message("FadeIn", static_cast<int>(alpha * 100)),
                     .inputs = {{2, 2, 3, 3}, {2, 4, 6, 3}},
                     .run = [alpha](const auto& in) {
                       return ops::fade_in(in[0], in[1], full({1, 1, 1, 1}, alpha, in[0]));
                     }});
  }
  return cases;
}

}  // namespace pg::gradcheck
