// deviation.h: the result of a check: the largest error and the allowed one.
#pragma once

#include <cmath>
#include <limits>
#include <string>

#include "kernels/error.h"

namespace pg::gradcheck {

struct Deviation {
  double error = 0.0;      // the largest, relative
  double tolerance = 0.0;  // the largest allowed
  std::string where = {};  // place of the largest error, with both numbers

  bool ok() const { return error <= tolerance; }

  // Adds another error; describe() names its place. NaN counts as infinite.
  template <typename Describe>
  void include(double another, const Describe& describe) {
    if (std::isnan(another)) another = std::numeric_limits<double>::infinity();
    if (another < error || (another == error && !where.empty())) return;
    error = another;
    where = describe();
  }
};

// The one with the larger error relative to its tolerance.
inline const Deviation& worse(const Deviation& a, const Deviation& b) {
  return b.error * a.tolerance > a.error * b.tolerance ? b : a;
}

// Describes the error if it exceeds the tolerance; empty otherwise.
inline std::string complaint(const Deviation& d) {
  if (d.ok()) return {};
  return message(d.where, " (relative error ", d.error, ", allowed ", d.tolerance, ")");
}

}  // namespace pg::gradcheck
