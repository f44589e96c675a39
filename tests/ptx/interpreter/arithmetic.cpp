// arithmetic.cpp: add to fma, division, directed rounding and the approximate functions.
#include <algorithm>
#include <cfenv>

#include "tests/ptx/interpreter/decoder.h"
#include "tests/ptx/interpreter/numbers.h"

namespace pg::ptx {
namespace {

float flushed(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x; }

// The approximate functions: in double, rounded once. The hardware's are one or two ulp off.
using Function = double (*)(double);
const std::map<std::string, Function>& approximations() {
  static const std::map<std::string, Function> functions = {
      {"rcp", [](double x) { return 1.0 / x; }},
      {"sqrt", [](double x) { return std::sqrt(x); }},
      {"rsqrt", [](double x) { return 1.0 / std::sqrt(x); }},
      {"ex2", [](double x) { return std::exp2(x); }},
      {"lg2", [](double x) { return std::log2(x); }},
      {"sin", [](double x) { return std::sin(x); }},
      {"cos", [](double x) { return std::cos(x); }},
      {"tanh", [](double x) { return std::tanh(x); }}};
  return functions;
}
Function approximation(const Instr& i) { return reinterpret_cast<Function>(i.offset); }

// offset: the function; mode 1: subnormal numbers are zero.
void approximate_f32(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [&](float a) {
    const double x = static_cast<double>(i.mode != 0 ? flushed(a) : a);
    const auto r = static_cast<float>(approximation(i)(x));
    return i.mode != 0 ? flushed(r) : r;
  };
  each(mask, lanes_of<float>(w, i.o[0]), f, lanes_of<float>(w, i.o[1]));
}
// rcp and rsqrt.approx.ftz.f64 give only the upper half of a double.
void approximate_f64(Warp& w, const Instr& i, uint32_t mask) {
  constexpr uint64_t kUpper = 0xFFFFFFFF00000000;
  const auto f = [&](double a) {
    return std::bit_cast<double>(std::bit_cast<uint64_t>(approximation(i)(a)) & kUpper);
  };
  each(mask, lanes_of<double>(w, i.o[0]), f, lanes_of<double>(w, i.o[1]));
}

template <class T>
void mul_wide(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [](T a, T b) { return times_wide(a, b); };
  each(mask, lanes_of<Wide<T>>(w, i.o[0]), f, lanes_of<T>(w, i.o[1]), lanes_of<T>(w, i.o[2]));
}
template <class T>
void mad_wide(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [](T a, T b, Wide<T> c) { return plus<Wide<T>>(times_wide(a, b), c); };
  each(mask, lanes_of<Wide<T>>(w, i.o[0]), f, lanes_of<T>(w, i.o[1]), lanes_of<T>(w, i.o[2]),
       lanes_of<Wide<T>>(w, i.o[3]));
}

enum Directed : uint8_t { add, sub, mul, fma, div };

// The operands are volatile: the compiler does not know that the rounding mode changes.
template <class T>
T directed_result(uint8_t which, T left, T right, T third) {
  volatile T a = left, b = right, c = third, r;
  switch (which) {
    case add:
      r = a + b;
      break;
    case sub:
      r = a - b;
      break;
    case mul:
      r = a * b;
      break;
    case fma:
      r = std::fma(static_cast<T>(a), static_cast<T>(b), static_cast<T>(c));
      break;
    default:
      r = a / b;
  }
  return r;
}

// mode: FE_...; width2: Directed.
template <class T>
void directed(Warp& w, const Instr& i, uint32_t mask) {
  static constexpr int kModes[] = {FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
  std::fesetround(kModes[i.mode]);
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const T c = i.width2 == fma ? lanes_of<T>(w, i.o[3])[lane] : T{};
    lanes_of<T>(w, i.o[0])[lane] =
        directed_result(i.width2, lanes_of<T>(w, i.o[1])[lane], lanes_of<T>(w, i.o[2])[lane], c);
  }
  std::fesetround(FE_TONEAREST);
}

class Arithmetic : Decoder {
 public:
  using Decoder::Decoder;

  bool run() {
    static constexpr std::string_view kNames[] = {
        "add", "sub", "min", "max",  "rem",   "copysign", "neg", "abs", "div", "mul",
        "mad", "fma", "rcp", "sqrt", "rsqrt", "ex2",      "lg2", "sin", "cos", "tanh"};
    if (std::find(std::begin(kNames), std::end(kNames), base_) == std::end(kNames)) return false;
    const bool flushes = ir_.has("ftz") && !ir_.has("approx") && type_.kind == 'f';
    if (type_.kind == 0 || flushes || ir_.has("sat") || ir_.has("cc")) unknown(ir_);
    return sum() || product() || function();
  }

 private:
  // True for a rounding other than to the nearest, which has its own handler.
  bool rounds(uint8_t which, size_t n) {
    const Rounding r = rounding_of(ir_);
    if (type_.kind != 'f' || r == none || r == rn) return false;
    out_.mode = r == rz ? 0 : r == rm ? 1 : 2;
    out_.width2 = which;
    return with(n, for_float(type_, []<class T>() -> Handler { return directed<T>; }));
  }

  bool sum() {
    if (base_ == "add") return rounds(add, 3) || number2<Add>();
    if (base_ == "sub") return rounds(sub, 3) || number2<Sub>();
    if (base_ == "min") return number2<Min>();
    if (base_ == "max") return number2<Max>();
    if (base_ == "neg") return number1<Neg>();
    if (base_ == "abs") return number1<Abs>();
    if (base_ == "rem") return integer2<Rem>();
    if (base_ == "copysign") {
      return with(3, for_float(type_, []<class T>() -> Handler { return binary<CopySign, T>; }));
    }
    return false;
  }

  bool product() {
    if (base_ == "div") {
      if (ir_.has("approx") || ir_.has("full")) return number2<Div>();
      return rounds(div, 3) || number2<Div>();
    }
    if (base_ == "fma" || (base_ == "mad" && type_.kind == 'f')) {
      return rounds(fma, 4) ||
             with(4, for_float(type_, []<class T>() -> Handler { return ternary<Fma, T>; }));
    }
    if (base_ != "mul" && base_ != "mad") return false;
    if (ir_.has("wide")) return wide_product();
    if (base_ == "mul") {
      return ir_.has("hi") ? integer2<MulHigh>() : rounds(mul, 3) || number2<Mul>();
    }
    if (ir_.has("hi")) {
      return with(4, for_integer(type_, []<class T>() -> Handler { return ternary<MadHigh, T>; }));
    }
    return with(4, for_integer(type_, []<class T>() -> Handler { return ternary<MadLow, T>; }));
  }

  bool wide_product() {
    if (type_.bits == 64) unknown(ir_);
    const bool mad = base_ == "mad";
    const auto twice = static_cast<uint8_t>(2 * width());
    place(0, 0, twice);
    place(1, 1, width());
    place(2, 2, width());
    if (mad) place(3, 3, twice);
    return Decoder::run(for_integer(type_, [&]<class T>() -> Handler {
      if constexpr (sizeof(T) == sizeof(int64_t)) return nullptr;
      return mad ? mad_wide<T> : mul_wide<T>;
    }));
  }

  bool function() {
    if (base_ == "rcp" && ir_.has("rn")) return float1<Reciprocal>();
    if (base_ == "sqrt" && ir_.has("rn")) return float1<SquareRoot>();
    if (!ir_.has("approx") || type_.kind != 'f') unknown(ir_);
    out_.offset = reinterpret_cast<int64_t>(approximations().at(base_));
    out_.mode = ir_.has("ftz") ? 1 : 0;
    return with(2, type_.bits == 32 ? approximate_f32 : approximate_f64);
  }
};

}  // namespace

bool decode_arithmetic(const Ir& ir, Places& places, Instr& out) {
  return Arithmetic(ir, places, out).run();
}

}  // namespace pg::ptx
