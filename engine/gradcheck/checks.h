// checks.h: the checks of an OpCase.
#pragma once

#include "engine/gradcheck/deviation.h"
#include "engine/gradcheck/op_case.h"

namespace pg::gradcheck {

// Inputs of a case, with the same values for every dtype and device.
std::vector<Tensor> make_inputs(Context& context, const OpCase& c, DType dtype, uint64_t seed = 1);

// Values and first gradients in f32 on `device`, compared with f64 on `oracle`:
// |difference| <= slack * 8 eps(f32) sqrt(reduction) * largest value. Callers that pass a larger
// slack give the reason.
Deviation compare_f32(const OpCase& c, Context& device, Context& oracle, double slack = 1.0);

// Compares gradients in f64, computed as in training (backward pass not recorded, vjps fused), with
// central differences along random directions and single coordinates. Errors are relative to the
// largest of 1, the difference quotient and the gradient's elements.
Deviation check_gradient(const OpCase& c, Context& context);

// The same for recorded gradients; also compares the gradient of <q, gradient> in f64 with central
// differences of the gradient.
Deviation check_second_gradient(const OpCase& c, Context& context);

// Compares the gradients of the fused vjp (backward pass not recorded) with the recorded ones.
Deviation compare_recorded_backward(const OpCase& c, Context& context);

}  // namespace pg::gradcheck
