// conversion.cpp: cvt between integers, floating-point formats, bf16 and tf32.
#include <algorithm>

#include "tests/ptx/interpreter/decoder.h"
#include "tests/ptx/interpreter/numbers.h"

namespace pg::ptx {
namespace {

double to_whole(double x, uint8_t rounding) {
  switch (rounding) {
    case rni:
      return std::nearbyint(x);
    case rmi:
      return std::floor(x);
    case rpi:
      return std::ceil(x);
    default:
      return std::trunc(x);
  }
}

// The result of rounding to the nearest, moved one value on if the rounding is directed.
template <class D>
D redirect(D d, double exact, uint8_t rounding) {
  constexpr D kInfinity = std::numeric_limits<D>::infinity();
  const auto x = static_cast<double>(d);
  if (rounding == rz && std::fabs(x) > std::fabs(exact)) return std::nextafter(d, D{0});
  if (rounding == rm && x > exact) return std::nextafter(d, -kInfinity);
  if (rounding == rp && x < exact) return std::nextafter(d, kInfinity);
  return d;
}

template <class D, class S>
D to_float(S s, uint8_t rounding, bool saturate) {
  D d{};
  if constexpr (std::is_floating_point_v<S>) {
    const auto exact = static_cast<double>(s);
    const bool whole = rounding >= rni && rounding <= rpi;
    d = redirect(static_cast<D>(whole ? to_whole(exact, rounding) : exact), exact, rounding);
  } else {
    if (rounding != rn) fail("conversion of an integer with a rounding other than .rn");
    d = static_cast<D>(s);
  }
  if (saturate) d = d > D{1} ? D{1} : d > D{0} ? d : D{0};  // NaN becomes 0
  return d;
}

template <class D, class S>
D to_integer(S s, uint8_t rounding, bool saturate) {
  using Limits = std::numeric_limits<D>;
  if constexpr (std::is_floating_point_v<S>) {
    if (std::isnan(s)) return 0;
    const double x = to_whole(static_cast<double>(s), rounding);
    return x <= static_cast<double>(Limits::min())   ? Limits::min()
           : x >= static_cast<double>(Limits::max()) ? Limits::max()
                                                     : static_cast<D>(x);
  } else {
    using Exact = Twice<8>::Signed;
    if (!saturate) return static_cast<D>(s);
    return static_cast<D>(std::clamp<Exact>(s, Limits::min(), Limits::max()));
  }
}

template <class D, class S>
D convert(S s, uint8_t rounding, bool saturate) {
  if constexpr (std::is_floating_point_v<D>) {
    return to_float<D>(s, rounding, saturate);
  } else {
    return to_integer<D>(s, rounding, saturate);
  }
}

// mode: rounding; offset: saturate; width, width2: of the registers d and a, which may be wider
template <class D, class S>
void convert_lanes(Warp& w, const Instr& i, uint32_t mask) {
  const bool saturate = i.offset != 0;
  if (i.width == sizeof(D) && i.width2 == sizeof(S)) {
    if constexpr (std::is_integral_v<D> && std::is_integral_v<S>) {
      if (!saturate) {
        const auto f = [](S s) { return static_cast<D>(s); };
        return each(mask, lanes_of<D>(w, i.o[0]), f, lanes_of<S>(w, i.o[1]));
      }
    }
    const auto f = [&](S s) { return convert<D>(s, i.mode, saturate); };
    return each(mask, lanes_of<D>(w, i.o[0]), f, lanes_of<S>(w, i.o[1]));
  }
  char *const d = lanes_of<char>(w, i.o[0]), *const a = lanes_of<char>(w, i.o[1]);
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    widen(d, i.width, lane, convert<D>(narrow<S>(a, i.width2, lane), i.mode, saturate));
  }
}

uint16_t to_bf16(float x, uint8_t rounding) {
  const auto bits = std::bit_cast<uint32_t>(x);
  if (std::isnan(x)) return 0x7FFF;
  if (rounding == rz) return static_cast<uint16_t>(bits >> 16);
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}
void float_to_bf16(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [&](float a) { return to_bf16(a, i.mode); };
  each(mask, lanes_of<uint16_t>(w, i.o[0]), f, lanes_of<float>(w, i.o[1]));
}
void bf16_to_float_lanes(Warp& w, const Instr& i, uint32_t mask) {
  each(mask, lanes_of<float>(w, i.o[0]), bf16_to_float, lanes_of<uint16_t>(w, i.o[1]));
}
// d = {upper: a, lower: b}
void floats_to_bf16x2(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [&](float a, float b) {
    return uint32_t{to_bf16(a, i.mode)} << 16 | to_bf16(b, i.mode);
  };
  each(mask, lanes_of<uint32_t>(w, i.o[0]), f, lanes_of<float>(w, i.o[1]),
       lanes_of<float>(w, i.o[2]));
}
void float_to_half(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [](float a) { return std::bit_cast<uint16_t>(static_cast<_Float16>(a)); };
  each(mask, lanes_of<uint16_t>(w, i.o[0]), f, lanes_of<float>(w, i.o[1]));
}
void half_to_float(Warp& w, const Instr& i, uint32_t mask) {
  each(mask, lanes_of<float>(w, i.o[0]), half_value, lanes_of<uint16_t>(w, i.o[1]));
}

// To the nearest number with 10 bits of fraction; rna: ties away from zero.
void float_to_tf32(Warp& w, const Instr& i, uint32_t mask) {
  constexpr uint32_t kExponent = 0x7F800000, kFraction = 0x007FFFFF, kKept = 0xFFFFE000;
  const auto f = [&](uint32_t a) {
    if ((a & kExponent) == kExponent) return (a & kFraction) != 0 ? uint32_t{0x7FFFE000} : a;
    if (i.mode == rna) return (a + 0x1000) & kKept;
    return (a + 0xFFF + (a >> 13 & 1)) & kKept;
  };
  each(mask, lanes_of<uint32_t>(w, i.o[0]), f, lanes_of<uint32_t>(w, i.o[1]));
}

bool is_small(Type t) { return t.kind == 'B' || t.kind == 't' || t.kind == 'h'; }

class Conversion : Decoder {
 public:
  using Decoder::Decoder;

  bool run() {
    if (base_ != "cvt") return false;
    const Type to = type_of(ir_.mods.at(ir_.mods.size() - 2));
    out_.mode = rounding_of(ir_);
    out_.offset = ir_.has("sat") ? 1 : 0;
    if (ir_.has("ftz")) unknown(ir_);
    if (is_small(to) || is_small(type_)) return small(to);
    out_.width = places_.width_of(ir_.args.at(0));
    out_.width2 = places_.width_of(ir_.args.at(1));
    if (out_.width2 == 0) out_.width2 = width();
    place(0, 0, out_.width);
    place(1, 1, out_.width2);
    return Decoder::run(conversion_to(to));
  }

 private:
  template <class D>
  Handler conversion_from() {
    const bool is_signed = type_.kind == 's';
    if (type_.kind == 'f') {
      return type_.bits == 32 ? convert_lanes<D, float> : convert_lanes<D, double>;
    }
    switch (type_.bits) {
      case 8:
        return is_signed ? convert_lanes<D, int8_t> : convert_lanes<D, uint8_t>;
      case 16:
        return is_signed ? convert_lanes<D, int16_t> : convert_lanes<D, uint16_t>;
      case 32:
        return is_signed ? convert_lanes<D, int32_t> : convert_lanes<D, uint32_t>;
      default:
        return is_signed ? convert_lanes<D, int64_t> : convert_lanes<D, uint64_t>;
    }
  }
  Handler conversion_to(Type t) {
    const bool is_signed = t.kind == 's';
    if (t.kind == 'f') return t.bits == 32 ? conversion_from<float>() : conversion_from<double>();
    switch (t.bits) {
      case 8:
        return is_signed ? conversion_from<int8_t>() : conversion_from<uint8_t>();
      case 16:
        return is_signed ? conversion_from<int16_t>() : conversion_from<uint16_t>();
      case 32:
        return is_signed ? conversion_from<int32_t>() : conversion_from<uint32_t>();
      default:
        return is_signed ? conversion_from<int64_t>() : conversion_from<uint64_t>();
    }
  }

  // Between f32 and bf16, tf32 or f16.
  bool small(Type to) {
    if (ir_.has("relu") || ir_.has("satfinite") || out_.offset != 0) unknown(ir_);
    place(0, 0, static_cast<uint8_t>(to.bits / 8));
    for (size_t i = 1; i < ir_.args.size(); ++i) place(i, i, width());
    return Decoder::run(type_.kind == 'f' && type_.bits == 32 ? from_float(to)
                        : to.kind == 'f' && to.bits == 32     ? float_from()
                                                              : nullptr);
  }
  Handler from_float(Type to) const {
    const uint8_t r = out_.mode;
    if (to.kind == 'B' && (r == rn || r == rz)) {
      return to.bits == 32 ? floats_to_bf16x2 : float_to_bf16;
    }
    if (to.kind == 't' && (r == rna || r == rn)) return float_to_tf32;
    return to.kind == 'h' && to.bits == 16 && r == rn ? float_to_half : nullptr;
  }
  Handler float_from() const {
    if (type_.bits != 16) return nullptr;
    return type_.kind == 'B' ? bf16_to_float_lanes : type_.kind == 'h' ? half_to_float : nullptr;
  }
};

}  // namespace

bool decode_conversion(const Ir& ir, Places& places, Instr& out) {
  return Conversion(ir, places, out).run();
}

}  // namespace pg::ptx
