// deviation.h: the result of a check: how far off the worst number is, and how far it may be.
#pragma once

#include <cmath>
#include <limits>
#include <string>

#include "kernels/error.h"

namespace pg::gradcheck {

struct Deviation {
  double error = 0.0;      // the largest, relative
  double tolerance = 0.0;  // what it may be
  std::string where = {};  // of the largest error, with both numbers

  bool ok() const { return error <= tolerance; }

  // Takes in another error; describe() names its place. What is no number is an infinite error.
  template <typename Describe>
  void include(double another, const Describe& describe) {
    if (std::isnan(another)) another = std::numeric_limits<double>::infinity();
    if (another < error || (another == error && !where.empty())) return;
    error = another;
    where = describe();
  }
};

// The one that is nearer to its tolerance, or further beyond.
inline const Deviation& worse(const Deviation& a, const Deviation& b) {
  return b.error * a.tolerance > a.error * b.tolerance ? b : a;
}

// An empty string, or what is wrong.
inline std::string complaint(const Deviation& d) {
  if (d.ok()) return {};
  return message(d.where, " (relative error ", d.error, ", allowed ", d.tolerance, ")");
}

}  // namespace pg::gradcheck
