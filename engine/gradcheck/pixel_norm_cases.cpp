// pixel_norm_cases.cpp: pixelwise normalisation.
#include "engine/gradcheck/op_case.h"

namespace pg::gradcheck {

std::vector<OpCase> pixel_norm_cases() {
  std::vector<OpCase> cases;
  for (const int64_t c : {1, 3, 16, 37}) {
    cases.push_back({.name = message("PixelNorm", c, "Channels"),
                     .inputs = {{2, 3, 2, c}},
                     .run = [](const auto& in) { return ops::pixel_norm(in[0], 1e-2); },
                     .reduction = static_cast<double>(c)});
  }
  return cases;
}

}  // namespace pg::gradcheck
