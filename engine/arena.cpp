// arena.cpp: best-fit allocation; free neighbours are merged at once.
#include "engine/arena.h"

#include <algorithm>

#include "kernels/math.h"

namespace pg {
namespace {
constexpr int64_t kAlignment = 64;
int64_t rounded(int64_t bytes) { return round_up(std::max<int64_t>(bytes, 1), kAlignment); }
}  // namespace

Arena::Arena(Backend& backend, int64_t block_bytes)
    : backend_(backend), block_bytes_(block_bytes) {}

Arena::~Arena() {
  for (const auto& [order, block] : blocks_) backend_.release(block.address);
}

void Arena::insert_free(Address a, const Range& r) { free_.emplace(r.bytes, r.block, a); }
void Arena::erase_free(Address a, const Range& r) { free_.erase({r.bytes, r.block, a}); }

void Arena::grow(int64_t bytes) {
  const int64_t size = std::max(bytes, block_bytes_);
  const auto address = static_cast<Address>(backend_.allocate(size));
  const Range range{.bytes = size, .block = next_order_, .free = true};
  blocks_[next_order_++] = {.address = address, .bytes = size};
  ranges_[address] = range;
  insert_free(address, range);
  reserved_ += size;
}

void* Arena::allocate(int64_t bytes) {
  bytes = rounded(bytes);
  auto fit = free_.lower_bound({bytes, -1, nullptr});
  if (fit == free_.end()) {
    grow(bytes);
    fit = free_.lower_bound({bytes, -1, nullptr});
  }
  const Address address = std::get<2>(*fit);
  Range& range = ranges_.at(address);
  erase_free(address, range);
  if (range.bytes > bytes) {
    const Range rest{.bytes = range.bytes - bytes, .block = range.block, .free = true};
    ranges_[address + bytes] = rest;
    insert_free(address + bytes, rest);
    range.bytes = bytes;
  }
  range.free = false;
  in_use_ += bytes;
  peak_ = std::max(peak_, in_use_);
  Block& block = blocks_.at(range.block);
  block.touched = std::max(block.touched, address + bytes - block.address);
  return address;
}

void Arena::release(void* p) noexcept {
  auto it = ranges_.find(static_cast<Address>(p));
  if (it == ranges_.end()) return;
  in_use_ -= it->second.bytes;
  it->second.free = true;
  const auto joins = [](const auto& left, const auto& right) {
    return left->second.free && right->second.free && left->second.block == right->second.block;
  };
  if (const auto next = std::next(it); next != ranges_.end() && joins(it, next)) {
    erase_free(next->first, next->second);
    it->second.bytes += next->second.bytes;
    ranges_.erase(next);
  }
  if (it != ranges_.begin()) {
    if (const auto before = std::prev(it); joins(before, it)) {
      erase_free(before->first, before->second);
      before->second.bytes += it->second.bytes;
      ranges_.erase(it);
      it = before;
    }
  }
  insert_free(it->first, it->second);
}

void Arena::trim() {
  for (auto it = blocks_.begin(); it != blocks_.end();) {
    const Block block = it->second;
    const Range range = ranges_.at(block.address);
    if (!range.free || range.bytes != block.bytes) {
      ++it;
      continue;
    }
    erase_free(block.address, range);
    ranges_.erase(block.address);
    reserved_ -= block.bytes;
    backend_.release(block.address);
    it = blocks_.erase(it);
  }
}

int64_t Arena::touched_bytes() const {
  int64_t bytes = 0;
  for (const auto& [order, block] : blocks_) bytes += block.touched;
  return bytes;
}

}  // namespace pg
