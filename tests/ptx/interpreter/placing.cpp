// placing.cpp: a linear scan over the intervals in which registers are alive.
#include "tests/ptx/interpreter/placing.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "tests/ptx/interpreter/warp.h"

namespace pg::ptx {
namespace {

constexpr uint32_t kConstantBit = 0x80000000, kAlign = 64;

uint32_t bytes_for(uint8_t width) { return width == 1 ? kAlign : kLanes * width; }

}  // namespace

Placing::Placing(const Body& body, Kernel& kernel)
    : body_(body), kernel_(kernel), offsets_(body.widths.size(), 0) {
  const Lives lives = lives_of(body);
  place_registers(lives);
  for (const auto& [name, id] : body.specials) {
    kernel.specials[name] = offsets_[static_cast<size_t>(id)];
  }
  for (const int r : lives.at_entry) {
    if (!is_special(static_cast<size_t>(r))) unset_.push_back(r);
  }
}

bool Placing::is_special(size_t id) const {
  return std::any_of(body_.specials.begin(), body_.specials.end(),
                     [&](const auto& s) { return static_cast<size_t>(s.second) == id; });
}

void Placing::place_registers(const Lives& lives) {
  std::vector<size_t> order;
  for (size_t r = 0; r < body_.widths.size(); ++r) {
    if (lives.first[r] >= 0) order.push_back(r);
  }
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return lives.first[a] < lives.first[b]; });
  using Taken = std::pair<int, uint32_t>;       // last use, offset
  std::map<uint8_t, std::vector<Taken>> taken;  // by width, each a heap
  constexpr std::greater<Taken> kLater;
  uint32_t end = 0;
  for (const size_t r : order) {
    const uint8_t width = body_.widths[r];
    std::vector<Taken>& heap = taken[width];
    // Special registers are set before the first instruction and keep their places.
    const bool special = is_special(r);
    if (!special && !heap.empty() && heap.front().first < lives.first[r]) {
      std::pop_heap(heap.begin(), heap.end(), kLater);
      offsets_[r] = heap.back().second;
      heap.pop_back();
    } else {
      offsets_[r] = end;
      end += bytes_for(width);
    }
    if (special) continue;
    heap.emplace_back(lives.last[r], offsets_[r]);
    std::push_heap(heap.begin(), heap.end(), kLater);
  }
  kernel_.register_bytes = (end + kAlign - 1) / kAlign * kAlign;
}

uint8_t Placing::width_of(const Operand& o) const {
  return o.kind == Operand::reg ? body_.widths[static_cast<size_t>(o.reg_id)] : uint8_t{0};
}

uint32_t Placing::place(const Operand& o, uint8_t width) {
  if (o.kind == Operand::reg) {
    const uint8_t have = width_of(o);
    if (have != width) {
      fail("expected a register of " + std::to_string(width) + " bytes, got one of " +
           std::to_string(have));
    }
    return offsets_[static_cast<size_t>(o.reg_id)];
  }
  if (o.kind != Operand::imm) fail("an operand of the wrong kind");
  int64_t value = o.value;
  if (o.floating) {
    if (width == sizeof(double)) std::memcpy(&value, &o.fraction, sizeof(double));
    const auto f = static_cast<float>(o.fraction);
    if (width == sizeof(float)) std::memcpy(&value, &f, sizeof(float));
  }
  if (is_dynamic(value)) value += kernel_.shared_end - kDynamicPlaceholder;
  return constant(value, width) | kConstantBit;
}

// The same value in all lanes; a predicate is a mask.
uint32_t Placing::constant(int64_t value, uint8_t width) {
  const auto [it, fresh] = constants_.try_emplace({width, value}, 0);
  if (!fresh) return it->second;
  std::vector<char>& all = kernel_.constants;
  it->second = static_cast<uint32_t>(all.size());
  all.resize(all.size() + std::max<uint32_t>(bytes_for(width), kAlign));
  char* const place = all.data() + it->second;
  if (width == 1) {
    const uint32_t mask = value != 0 ? ~0u : 0;
    std::memcpy(place, &mask, sizeof(mask));
  }
  for (size_t i = 0; width > 1 && i < kLanes; ++i) std::memcpy(place + i * width, &value, width);
  return it->second;
}

}  // namespace pg::ptx
