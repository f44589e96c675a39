// training_cases.h: whole training iterations on a GPU (real or emulated), compared with the CPU.
#pragma once

#include "model/selftest/small_run.h"

namespace pg::test {

using selftest::distance;
using selftest::gradients;
using selftest::norm;
using selftest::small_gan;
using selftest::SmallRun;

// Compares gradients and scores of one iteration on `device` and on `cpu`. The learning rate is 0,
// so that D's update cannot amplify rounding before G uses it (Adam's first update is as large for
// noise as for a gradient).
void expect_same_gradients(SmallRun& device, SmallRun& cpu, const Fade& fade, double tolerance);

}  // namespace pg::test
