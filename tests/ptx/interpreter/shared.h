// shared.h: shared memory of one block, with the state of each byte and, for the race check, the
// last accesses of each word.
//
// Accesses are ordered by barriers (epochs of the block) and, within a warp, by bar.warp.sync
// (epochs of the warp). Two accesses to a cell in one epoch by different threads are a race if one
// of them writes; equal values written twice are not.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace pg::ptx {

// Windows of the generic address space. Their low halves are not valid addresses of shared or local
// memory, so an access through a generic address cut to 32 bits is an error.
constexpr uint64_t kSharedWindow = 0x7a00'4000'0000, kLocalWindow = 0x7b00'8000'0000;
constexpr uint64_t kWindowBytes = 1 << 24, kSharedBase = 1024, kLocalBase = 64;

// Who accesses, and when.
struct Access {
  unsigned thread;
  uint16_t warp_epoch;
};

class Shared {
 public:
  // Variables: address and bytes. Everything else below `bytes` is out of bounds.
  void reset(const std::vector<std::pair<uint32_t, uint32_t>>& variables, uint32_t bytes,
             bool races);
  void next_epoch() { ++epoch_; }

  // These check the address and return it. Error says what is wrong.
  char* read(uint64_t address, uint32_t size, Access by);
  char* write(uint64_t address, uint32_t size, const void* value, Access by);
  // An atomic operation reads and writes; it races with nothing.
  char* change(uint64_t address, uint32_t size);
  // cp.async: until the bytes land they are poison, and reading them is an error.
  void start_copy(uint64_t address, uint32_t size, Access by);
  void land(uint64_t address, uint32_t size, const void* value, Access by);

 private:
  enum State : uint8_t { outside, never_written, written, in_flight };
  struct Touch {
    uint16_t thread = 0, epoch = 0, warp_epoch = 0;
    uint8_t mask = 0;  // bytes
  };
  struct Cell {
    Touch write, read;
    bool many_lanes = false, many_warps = false;  // have read
  };

  char* place(uint64_t address, uint32_t size, const char* verb);
  void require_written(const char* bytes, uint64_t address, uint32_t size) const;
  bool meets(const Touch& other, const Touch& own) const;
  void note_read(uint64_t offset, uint32_t size, Access by);
  void note_write(uint64_t offset, uint32_t size, const void* value, Access by);

  std::vector<char> bytes_;
  std::vector<uint8_t> state_;
  std::vector<Cell> cells_;
  uint16_t epoch_ = 1;
  bool races_ = true;
};

}  // namespace pg::ptx
