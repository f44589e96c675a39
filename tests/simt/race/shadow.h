// shadow.h: the race checker's record of accesses to device and shared memory.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "tests/simt/emulator/race.h"

namespace pg::simt {

// A source location: a return address, or a Loc with the top bit set.
using Place = uintptr_t;
Place place_of(const Loc& loc);
Place place_of(const void* return_address);
Text words_of(Place place);  // "conv.cu:12"

bool in_program(uintptr_t address);  // in the program's own constants and variables

// One access. Blocks are numbered from 1 through all launches; 0 is "never". `epoch` counts the
// block's barriers, `segment` the warp barriers of the thread.
struct Stamp {
  uint32_t block, epoch, segment;
  uint16_t thread;
  Access access;
  Place place;
};

struct Cell {
  Stamp write, read, other_read;  // the first and the latest reader
  bool host_wrote;
  bool copy_under_way;  // by a cp.async without a wait so far
};

struct FreeDeleter {
  void operator()(void* p) const { std::free(p); }
};

// An allocation or a shared variable. One cell represents 1 << shift bytes; a smaller access splits
// the cells.
class Region {
 public:
  Region(uintptr_t begin, size_t bytes, bool shared, std::string name);

  uintptr_t begin() const { return begin_; }
  uintptr_t end() const { return end_; }
  bool shared() const { return shared_; }
  const char* name() const { return name_.c_str(); }
  void set_bytes(size_t bytes) { end_ = begin_ + bytes; }  // at most the initial number

  struct Range {
    Cell* first;
    Cell* last;
    Cell* begin() const { return first; }
    Cell* end() const { return last; }
  };
  Range cells(uintptr_t address, size_t bytes);  // must be within the region

 private:
  void split_to(size_t bytes);  // until this is a multiple of the cell size

  uintptr_t begin_, end_;
  bool shared_;
  std::string name_;
  int shift_ = 2;
  size_t count_;
  std::unique_ptr<Cell[], FreeDeleter> cells_;  // from calloc: unused pages cost nothing
};

Region* find_region(uintptr_t address);  // or null
// Keeps its address until it is removed.
Region& add_region(uintptr_t begin, size_t bytes, bool shared, std::string name);
void remove_region(uintptr_t begin);

}  // namespace pg::simt
