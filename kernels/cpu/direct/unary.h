// unary.h: functions that several kernels apply to single numbers, so that they round alike.
#pragma once

#include <algorithm>
#include <cmath>

namespace pg::cpu {

template <typename T>
T softplus(T x) {
  return std::max(x, T{0}) + std::log1p(std::exp(-std::abs(x)));
}

template <typename T>
T sigmoid(T x) {
  const T e = std::exp(-std::abs(x));  // never overflows
  return x >= T{0} ? T{1} / (T{1} + e) : e / (T{1} + e);
}

}  // namespace pg::cpu
