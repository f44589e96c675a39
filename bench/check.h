// check.h: whether a kernel computes what its contract says, at the size at which it is timed.
#pragma once

#include "bench/devices.h"
#include "bench/timing.h"

namespace pg::bench {

// The largest difference between what lies in the outputs of `views` and what the contract gives
// for the values, relative to the root mean square of the latter; NaN where a result is not a
// number.
double error_of(Backend& backend, const Case& c, Views views, const std::vector<Values>& values);

// What error_of may be: rounding of the factors and of the stored result.
double tolerance_of(const Case& c, Precision precision);

}  // namespace pg::bench
