// checks.h: what is checked of an OpCase.
#pragma once

#include "engine/gradcheck/deviation.h"
#include "engine/gradcheck/op_case.h"

namespace pg::gradcheck {

// Inputs of a case on a context, the same numbers for every dtype and device.
std::vector<Tensor> make_inputs(Context& context, const OpCase& c, DType dtype, uint64_t seed = 1);

// Values and first gradients in f32 on `device` against f64 on `oracle`:
// |difference| <= 8 eps(f32) sqrt(reduction) * largest value. `slack` widens it, with a reason.
Deviation compare_f32(const OpCase& c, Context& device, Context& oracle, double slack = 1.0);

// Gradients in f64, as training computes them (backward pass not recorded, vjps fused), against
// central differences along random directions and single coordinates. Errors are relative to the
// largest of 1, the difference quotient and the gradient's elements.
Deviation check_gradient(const OpCase& c, Context& context);

// The same of gradients that are recorded, and the gradient of <q, gradient> in f64 against central
// differences of the gradient.
Deviation check_second_gradient(const OpCase& c, Context& context);

// The same for every input again, with the fused vjp (backward pass not recorded) against the
// recorded one.
Deviation compare_recorded_backward(const OpCase& c, Context& context);

}  // namespace pg::gradcheck
