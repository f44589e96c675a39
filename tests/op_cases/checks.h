// checks.h: what is checked of an OpCase. Each returns an empty string, or what is wrong.
#pragma once

#include "tests/op_cases/op_case.h"

namespace pg::test {

// Inputs of a case on a context, the same numbers for every dtype and device.
std::vector<Tensor> make_inputs(Context& context, const OpCase& c, DType dtype, uint64_t seed = 1);

// Values and first gradients in f32 on `device` against f64 on `oracle`:
// |difference| <= 8 eps(f32) sqrt(reduction) * largest value. `slack` widens it, with a reason.
std::string compare_f32(const OpCase& c, Context& device, Context& oracle, double slack = 1.0);

// Gradients in f64 against central differences, along random directions and single coordinates.
std::string check_gradient(const OpCase& c, Context& context);

// Gradient of <q, gradient> in f64 against central differences of the gradient.
std::string check_second_gradient(const OpCase& c, Context& context);

// The same for every input again, with the fused vjp (backward pass not recorded) against the
// recorded one.
std::string compare_recorded_backward(const OpCase& c, Context& context);

}  // namespace pg::test
