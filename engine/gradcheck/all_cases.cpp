// all_cases.cpp: joins the families.
#include "engine/gradcheck/op_case.h"

namespace pg::gradcheck {

std::vector<OpCase> all_op_cases() {
  std::vector<OpCase> all;
  for (const auto& family :
       {conv_cases(), matmul_cases(), pointwise_cases(), broadcast_cases(), reduce_cases(),
        mean_loss_cases(), shape_cases(), pixel_norm_cases(), stddev_cases(), resample_cases()}) {
    all.insert(all.end(), family.begin(), family.end());
  }
  return all;
}

}  // namespace pg::gradcheck
