// bits.cpp: logic, shifts, fields and permutations of bits.
#include <algorithm>

#include "tests/ptx/interpreter/decoder.h"

namespace pg::ptx {
namespace {

struct And {
  template <class T>
  static T f(T a, T b) {
    return static_cast<T>(a & b);
  }
};
struct Or {
  template <class T>
  static T f(T a, T b) {
    return static_cast<T>(a | b);
  }
};
struct Xor {
  template <class T>
  static T f(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};
struct Not {
  template <class T>
  static T f(T a) {
    return static_cast<T>(~a);
  }
};

template <class T>
void shift_left(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [](T a, uint32_t n) { return n >= 8 * sizeof(T) ? T{0} : static_cast<T>(a << n); };
  each(mask, lanes_of<T>(w, i.o[0]), f, lanes_of<T>(w, i.o[1]), lanes_of<uint32_t>(w, i.o[2]));
}
template <class T>
void shift_right(Warp& w, const Instr& i, uint32_t mask) {
  static constexpr uint32_t kMost = 8 * sizeof(T) - 1;
  const auto f = [](T a, uint32_t n) {
    if (std::is_signed_v<T>) return static_cast<T>(a >> std::min(n, kMost));
    return n > kMost ? T{0} : static_cast<T>(a >> n);
  };
  each(mask, lanes_of<T>(w, i.o[0]), f, lanes_of<T>(w, i.o[1]), lanes_of<uint32_t>(w, i.o[2]));
}

// Operations on three words.
template <typename F>
void words(Warp& w, const Instr& i, uint32_t mask, F f) {
  each(mask, lanes_of<uint32_t>(w, i.o[0]), f, lanes_of<uint32_t>(w, i.o[1]),
       lanes_of<uint32_t>(w, i.o[2]), lanes_of<uint32_t>(w, i.o[3]));
}
// shf; mode bit 0: right, bit 1: clamp
void funnel(Warp& w, const Instr& i, uint32_t mask) {
  words(w, i, mask, [&](uint32_t low, uint32_t high, uint32_t shift) {
    const uint32_t n = (i.mode & 2) != 0 ? std::min(shift, 32u) : shift & 31;
    const uint64_t both = uint64_t{high} << 32 | low;
    return static_cast<uint32_t>((i.mode & 1) != 0 ? both >> n : both << n >> 32);
  });
}
void permute(Warp& w, const Instr& i, uint32_t mask) {
  words(w, i, mask, [](uint32_t a, uint32_t b, uint32_t selectors) {
    const uint64_t both = uint64_t{b} << 32 | a;
    uint32_t r = 0;
    for (int k = 0; k < 4; ++k) {
      const uint32_t s = selectors >> 4 * k;
      const uint32_t byte = static_cast<uint8_t>(both >> 8 * (s & 7));
      const uint32_t sign = (byte & 128) != 0 ? 255 : 0;
      r |= ((s & 8) != 0 ? sign : byte) << 8 * k;
    }
    return r;
  });
}
// lop3; offset: the truth table
void logic3(Warp& w, const Instr& i, uint32_t mask) {
  const auto table = static_cast<uint32_t>(i.offset);
  words(w, i, mask, [table](uint32_t a, uint32_t b, uint32_t c) {
    uint32_t r = 0;
    for (uint32_t k = 0; k < 8; ++k) {
      if ((table >> k & 1) == 0) continue;
      r |= ((k & 4) != 0 ? a : ~a) & ((k & 2) != 0 ? b : ~b) & ((k & 1) != 0 ? c : ~c);
    }
    return r;
  });
}

template <class T>
void bit_insert(Warp& w, const Instr& i, uint32_t mask) {
  constexpr uint32_t kBits = 8 * sizeof(T);
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const uint32_t at = lanes_of<uint32_t>(w, i.o[3])[lane] & 255;
    const uint32_t n = lanes_of<uint32_t>(w, i.o[4])[lane] & 255;
    const T field = n >= kBits ? static_cast<T>(~T{0}) : static_cast<T>((T{1} << n) - 1);
    const T a = lanes_of<T>(w, i.o[1])[lane], b = lanes_of<T>(w, i.o[2])[lane];
    lanes_of<T>(w, i.o[0])[lane] =
        at >= kBits ? b : static_cast<T>((b & ~(field << at)) | (a & field) << at);
  }
}
template <class T>
void bit_extract(Warp& w, const Instr& i, uint32_t mask) {
  constexpr uint32_t kBits = 8 * sizeof(T);
  using Unsigned = std::make_unsigned_t<T>;
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const uint32_t at = lanes_of<uint32_t>(w, i.o[2])[lane] & 255;
    const uint32_t n = lanes_of<uint32_t>(w, i.o[3])[lane] & 255;
    const T a = lanes_of<T>(w, i.o[1])[lane];
    const uint32_t last = std::min(at + n - 1, kBits - 1);
    const bool sign = std::is_signed_v<T> && n > 0 && (a >> last & 1) != 0;
    Unsigned r = 0;
    for (uint32_t k = 0; k < kBits; ++k) {
      const bool bit = k < n && at + k < kBits ? (a >> (at + k) & 1) != 0 : sign;
      r = static_cast<Unsigned>(r | Unsigned{bit} << k);
    }
    lanes_of<T>(w, i.o[0])[lane] = static_cast<T>(r);
  }
}
template <class T>
void count_ones(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [](T a) { return static_cast<uint32_t>(std::popcount(a)); };
  each(mask, lanes_of<uint32_t>(w, i.o[0]), f, lanes_of<T>(w, i.o[1]));
}
template <class T>
void count_leading_zeros(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [](T a) { return static_cast<uint32_t>(std::countl_zero(a)); };
  each(mask, lanes_of<uint32_t>(w, i.o[0]), f, lanes_of<T>(w, i.o[1]));
}
void reverse_bits(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [](uint32_t a) {
    uint32_t r = 0;
    for (int k = 0; k < 32; ++k) r |= (a >> k & 1) << (31 - k);
    return r;
  };
  each(mask, lanes_of<uint32_t>(w, i.o[0]), f, lanes_of<uint32_t>(w, i.o[1]));
}

// mode: index in kLogic; offset bits: a, b negated
constexpr std::string_view kLogic[] = {"mov", "not", "and", "or", "xor"};
void predicate_logic(Warp& w, const Instr& i, uint32_t mask) {
  const uint32_t a = predicate(w, i.o[1]) ^ ((i.offset & 1) != 0 ? ~0u : 0);
  const uint32_t b = i.mode >= 2 ? predicate(w, i.o[2]) ^ ((i.offset & 2) != 0 ? ~0u : 0) : 0;
  const uint32_t results[] = {a, ~a, a & b, a | b, a ^ b};
  merge(predicate(w, i.o[0]), results[i.mode], mask);
}

class BitDecoder : Decoder {
 public:
  using Decoder::Decoder;

  bool run() {
    return type_.kind == 'p' ? predicates() : logic() || shifts() || fields() || counts();
  }

 private:
  bool predicates() {
    const auto* const name = std::find(std::begin(kLogic), std::end(kLogic), base_);
    if (name == std::end(kLogic)) return false;
    out_.mode = static_cast<uint8_t>(name - std::begin(kLogic));
    for (size_t k = 0; k < ir_.args.size(); ++k) {
      place(k, k, 1);
      if (k > 0 && ir_.args[k].negated) out_.offset |= int64_t{1} << (k - 1);
    }
    return Decoder::run(predicate_logic);
  }

  bool logic() {
    if (base_ == "and") return bits2<And>();
    if (base_ == "or") return bits2<Or>();
    if (base_ == "xor") return bits2<Xor>();
    if (base_ == "not") {
      return with(2, for_bits(type_, []<class T>() -> Handler { return unary<Not, T>; }));
    }
    if (base_ == "lop3") {
      for (size_t i = 0; i < 4; ++i) place(i, i, sizeof(uint32_t));
      out_.offset = ir_.args.at(4).value;
      return Decoder::run(logic3);
    }
    return false;
  }

  bool shifts() {
    if (base_ == "shf") {
      out_.mode = static_cast<uint8_t>((ir_.has("r") ? 1 : 0) | (ir_.has("clamp") ? 2 : 0));
      return with(4, funnel);
    }
    if (base_ != "shl" && base_ != "shr") return false;
    place(0, 0, width());
    place(1, 1, width());
    place(2, 2, sizeof(uint32_t));
    return Decoder::run(
        base_ == "shl" ? for_bits(type_, []<class T>() -> Handler { return shift_left<T>; })
                       : for_integer(type_, []<class T>() -> Handler { return shift_right<T>; }));
  }

  bool fields() {
    if (base_ != "bfi" && base_ != "bfe") return false;
    if (type_.bits < 32) unknown(ir_);
    const size_t wide = base_ == "bfi" ? 3 : 2;
    for (size_t i = 0; i < ir_.args.size(); ++i) place(i, i, i < wide ? width() : uint8_t{4});
    if (base_ == "bfi") {
      return Decoder::run(type_.bits == 64 ? bit_insert<uint64_t> : bit_insert<uint32_t>);
    }
    return Decoder::run(for_integer(type_, []<class T>() -> Handler { return bit_extract<T>; }));
  }

  bool counts() {
    if (base_ == "prmt") {
      if (ir_.mods.size() != 2) unknown(ir_);
      return with(4, permute);
    }
    if (base_ == "brev") return with(2, type_.bits == 32 ? reverse_bits : nullptr);
    if (base_ != "popc" && base_ != "clz") return false;
    place(0, 0, sizeof(uint32_t));
    place(1, 1, width());
    const bool ones = base_ == "popc";
    return Decoder::run(for_bits(type_, [&]<class T>() -> Handler {
      return ones ? count_ones<T> : count_leading_zeros<T>;
    }));
  }
};

}  // namespace

bool decode_bits(const Ir& ir, Places& places, Instr& out) {
  return BitDecoder(ir, places, out).run();
}

}  // namespace pg::ptx
