// all_cases.cpp: the families in one list.
#include "tests/op_cases/op_case.h"

namespace pg::test {

std::vector<OpCase> all_op_cases() {
  std::vector<OpCase> all;
  for (const auto& family : {conv_cases(), matmul_cases(), pointwise_cases(), shape_cases(),
                             norm_cases(), resample_cases()}) {
    all.insert(all.end(), family.begin(), family.end());
  }
  return all;
}

}  // namespace pg::test
