// shared.cpp: checks of places, states and races in shared memory.
#include "tests/ptx/interpreter/shared.h"

#include <algorithm>
#include <cstring>

#include "tests/ptx/interpreter/address_range.h"
#include "tests/ptx/interpreter/code.h"
#include "tests/ptx/interpreter/warp.h"

namespace pg::ptx {
namespace {

constexpr uint64_t kWord = 4;

// The bytes of a word that an access of this size touches.
uint8_t mask_of(uint64_t offset, uint32_t size) {
  return static_cast<uint8_t>(size >= kWord ? 15 : ((1 << size) - 1) << offset % kWord);
}

bool same_warp(uint16_t a, uint16_t b) { return a / kLanes == b / kLanes; }

std::string of_thread(uint64_t word, uint16_t thread) {
  return "shared memory at " + hex(kSharedBase + word * kWord) + " that thread " +
         std::to_string(thread);
}

}  // namespace

void Shared::reset(const std::vector<std::pair<uint32_t, uint32_t>>& variables, uint32_t bytes,
                   bool races) {
  races_ = races;
  bytes_.assign(bytes, static_cast<char>(0xFF));
  state_.assign(bytes, outside);
  for (const auto& [address, n] : variables) {
    std::fill_n(state_.begin() + static_cast<ptrdiff_t>(address - kSharedBase), n,
                uint8_t{never_written});
  }
  if (races) cells_.assign(bytes / kWord + kWord, Cell{});
  epoch_ = 1;
}

char* Shared::place(uint64_t address, uint32_t size, const char* verb) {
  const uint64_t offset = address - kSharedBase;
  if (address < kSharedBase || offset + size > bytes_.size()) {
    fail(std::string(verb) + " shared memory out of bounds: address " + hex(address) +
         ", the block has " + hex(kSharedBase) + " to " + hex(kSharedBase + bytes_.size()));
  }
  if (address % size != 0) {
    fail(std::string(verb) + " shared memory misaligned: address " + hex(address) + ", " +
         std::to_string(size) + " bytes");
  }
  return bytes_.data() + offset;
}

// True if the other access was at the same time, of another thread and of a common byte.
bool Shared::meets(const Touch& other, const Touch& own) const {
  return other.epoch == epoch_ && other.thread != own.thread && (other.mask & own.mask) != 0 &&
         (!same_warp(other.thread, own.thread) || other.warp_epoch == own.warp_epoch);
}

void Shared::note_read(uint64_t offset, uint32_t size, Access by) {
  const Touch own{static_cast<uint16_t>(by.thread), epoch_, by.warp_epoch, mask_of(offset, size)};
  for (uint64_t i = offset / kWord; i <= (offset + size - 1) / kWord; ++i) {
    Cell& c = cells_[i];
    if (meets(c.write, own)) {
      fail("race: reads " + of_thread(i, c.write.thread) + " wrote since the last barrier");
    }
    const bool fresh = c.read.epoch != epoch_, same = same_warp(c.read.thread, own.thread);
    const bool same_time = same && c.read.warp_epoch == own.warp_epoch;
    const uint8_t before = c.read.mask;
    c.many_warps = !fresh && (c.many_warps || !same);
    c.many_lanes = !fresh && same_time && (c.many_lanes || c.read.thread != own.thread);
    c.read = own;
    if (!fresh && (c.many_warps || same_time)) c.read.mask |= before;
  }
}

void Shared::note_write(uint64_t offset, uint32_t size, const void* value, Access by) {
  const Touch own{static_cast<uint16_t>(by.thread), epoch_, by.warp_epoch, mask_of(offset, size)};
  for (uint64_t i = offset / kWord; i <= (offset + size - 1) / kWord; ++i) {
    Cell& c = cells_[i];
    if (meets(c.write, own)) {
      const uint64_t from = std::max(offset, i * kWord), n = std::min<uint64_t>(kWord, size);
      const char* const bytes = static_cast<const char*>(value) + (from - offset);
      if (std::memcmp(bytes_.data() + from, bytes, n) != 0) {
        fail("race: writes " + of_thread(i, c.write.thread) +
             " wrote since the last barrier, another value");
      }
    }
    const bool lanes =
        c.many_lanes && c.read.warp_epoch == own.warp_epoch && same_warp(c.read.thread, own.thread);
    const bool others = c.many_warps || lanes;
    if (c.read.epoch == epoch_ && (c.read.mask & own.mask) != 0 && (others || meets(c.read, own))) {
      fail("race: writes " + of_thread(i, c.read.thread) + (others ? " and others" : "") +
           " read since the last barrier");
    }
    c.write = own;
  }
}

void Shared::require_written(const char* bytes, uint64_t address, uint32_t size) const {
  const uint8_t* const s = state_.data() + (bytes - bytes_.data());
  for (uint32_t i = 0; i < size; ++i) {
    if (s[i] == written) continue;
    fail("reads shared memory at " + hex(address + i) +
         (s[i] == outside         ? " outside of any variable"
          : s[i] == never_written ? " that nobody has written"
                                  : " while a cp.async to it is under way"));
  }
}

char* Shared::read(uint64_t address, uint32_t size, Access by) {
  char* const p = place(address, size, "reads");
  require_written(p, address, size);
  if (races_) note_read(static_cast<uint64_t>(p - bytes_.data()), size, by);
  return p;
}

char* Shared::change(uint64_t address, uint32_t size) {
  char* const p = place(address, size, "changes");
  require_written(p, address, size);
  return p;
}

char* Shared::write(uint64_t address, uint32_t size, const void* value, Access by) {
  char* const p = place(address, size, "writes");
  uint8_t* const s = state_.data() + (p - bytes_.data());
  for (uint32_t i = 0; i < size; ++i) {
    if (s[i] == outside || s[i] == in_flight) {
      fail("writes shared memory at " + hex(address + i) +
           (s[i] == outside ? " outside of any variable" : " while a cp.async to it is under way"));
    }
    s[i] = written;
  }
  if (races_) note_write(static_cast<uint64_t>(p - bytes_.data()), size, value, by);
  std::memcpy(p, value, size);
  return p;
}

void Shared::start_copy(uint64_t address, uint32_t size, Access by) {
  static constexpr char kPoison[16] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                       -1, -1, -1, -1, -1, -1, -1, -1};
  char* const p = write(address, size, kPoison, by);
  std::fill_n(state_.begin() + (p - bytes_.data()), size, uint8_t{in_flight});
}

void Shared::land(uint64_t address, uint32_t size, const void* value, Access by) {
  char* const p = place(address, size, "cp.async to");
  std::fill_n(state_.begin() + (p - bytes_.data()), size, uint8_t{written});
  if (races_) note_write(static_cast<uint64_t>(p - bytes_.data()), size, value, by);
  std::memcpy(p, value, size);
}

}  // namespace pg::ptx
