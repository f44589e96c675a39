// numbers.h: operations on integers, which wrap round, and on floating-point numbers.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace pg::ptx {

template <typename T>
using Bits = std::conditional_t<sizeof(T) == 8, uint64_t,
                                std::conditional_t<sizeof(T) == 4, uint32_t, uint16_t>>;

// The type of a product of two T.
template <size_t kBytes>
struct Twice;
template <>
struct Twice<2> {
  using Signed = int32_t;
  using Unsigned = uint32_t;
};
template <>
struct Twice<4> {
  using Signed = int64_t;
  using Unsigned = uint64_t;
};
template <>
struct Twice<8> {
  __extension__ using Signed = __int128;
  __extension__ using Unsigned = unsigned __int128;
};
template <typename T>
using Wide = std::conditional_t<std::is_signed_v<T>, typename Twice<sizeof(T)>::Signed,
                                typename Twice<sizeof(T)>::Unsigned>;

template <typename T>
T plus(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<Bits<T>>(a) + static_cast<Bits<T>>(b));
  } else {
    return a + b;
  }
}
template <typename T>
T minus(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<Bits<T>>(a) - static_cast<Bits<T>>(b));
  } else {
    return a - b;
  }
}
template <typename T>
T times(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    // uint16_t would be promoted to int, whose product may overflow.
    using Product = std::conditional_t<sizeof(T) == 2, uint32_t, Bits<T>>;
    const auto left = static_cast<Product>(static_cast<Bits<T>>(a));
    return static_cast<T>(left * static_cast<Bits<T>>(b));
  } else {
    return a * b;
  }
}
template <typename T>
Wide<T> times_wide(T a, T b) {
  return static_cast<Wide<T>>(static_cast<Wide<T>>(a) * b);
}

struct Add {
  template <class T>
  static T f(T a, T b) {
    return plus(a, b);
  }
};
struct Sub {
  template <class T>
  static T f(T a, T b) {
    return minus(a, b);
  }
};
struct Mul {
  template <class T>
  static T f(T a, T b) {
    return times(a, b);
  }
};
struct MulHigh {
  template <class T>
  static T f(T a, T b) {
    return static_cast<T>(times_wide(a, b) >> 8 * sizeof(T));
  }
};
// min and max give NaN only if both are, and order -0 below +0.
struct Min {
  template <class T>
  static T f(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(a)) return b;
      if (std::isnan(b)) return a;
      if (!(a < b) && !(b < a)) return std::signbit(a) ? a : b;
    }
    return a < b ? a : b;
  }
};
struct Max {
  template <class T>
  static T f(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(a)) return b;
      if (std::isnan(b)) return a;
      if (!(a < b) && !(b < a)) return std::signbit(a) ? b : a;
    }
    return a < b ? b : a;
  }
};
struct Div {
  template <class T>
  static T f(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return a / b;
    } else {
      if (b == 0) return static_cast<T>(-1);
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) return minus(T{0}, a);
      return static_cast<T>(a / b);
    }
  }
};
struct Rem {
  template <class T>
  static T f(T a, T b) {
    if (b == 0) return a;
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return T{0};
    return static_cast<T>(a % b);
  }
};
struct CopySign {  // the sign of a, the value of b
  template <class T>
  static T f(T a, T b) {
    return std::copysign(b, a);
  }
};
struct Neg {
  template <class T>
  static T f(T a) {
    if constexpr (std::is_integral_v<T>) {
      return minus(T{0}, a);
    } else {
      return -a;
    }
  }
};
struct Abs {
  template <class T>
  static T f(T a) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::fabs(a);
    } else {
      return a < 0 ? minus(T{0}, a) : a;
    }
  }
};
struct Reciprocal {
  template <class T>
  static T f(T a) {
    return T{1} / a;
  }
};
struct SquareRoot {
  template <class T>
  static T f(T a) {
    return std::sqrt(a);
  }
};
struct MadLow {
  template <class T>
  static T f(T a, T b, T c) {
    return plus(times(a, b), c);
  }
};
struct MadHigh {
  template <class T>
  static T f(T a, T b, T c) {
    return plus(MulHigh::f(a, b), c);
  }
};
struct Fma {
  template <class T>
  static T f(T a, T b, T c) {
    return std::fma(a, b, c);
  }
};

}  // namespace pg::ptx
