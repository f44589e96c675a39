// check.h: checks a kernel against its contract at the size at which it is timed.
#pragma once

#include "model/cases/operands.h"
#include "model/config/config.h"

namespace pg::cases {

// The largest difference between the outputs in `views` and the expected results for the values,
// relative to the expected value plus the root mean square of all; NaN if any output is NaN.
double error_of(Backend& backend, const Case& c, Views views, const std::vector<Values>& values);

// The largest error_of that counts as correct: rounding of the factors and of the stored result.
double tolerance_of(const Case& c, Precision precision);

}  // namespace pg::cases
