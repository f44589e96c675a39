// shadow.cpp: cells, and the map from addresses to them.
#include "tests/simt/race/shadow.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <new>

extern const char pg_simt_program_begin asm("__executable_start");
extern const char pg_simt_program_end asm("_end");

namespace pg::simt {
namespace {

constexpr Place kIsLoc = Place{1} << 63;

std::map<uintptr_t, Region> regions;  // by first address
std::array<Region*, 4> recent{};      // the most recently found

std::unique_ptr<Cell[], FreeDeleter> new_cells(size_t count) {
  auto* const cells = static_cast<Cell*>(std::calloc(count, sizeof(Cell)));
  if (cells == nullptr) throw std::bad_alloc();
  return std::unique_ptr<Cell[], FreeDeleter>(cells);
}

}  // namespace

Place place_of(const Loc& loc) {
  static_assert(sizeof loc == sizeof(Place),
                "std::source_location must be one pointer, as in libstdc++");
  Place place;
  std::memcpy(&place, &loc, sizeof place);
  return place | kIsLoc;
}

Place place_of(const void* return_address) { return reinterpret_cast<Place>(return_address); }

Text words_of(Place place_or_loc) {
  if ((place_or_loc & kIsLoc) != 0) {
    const Place pointer = place_or_loc & ~kIsLoc;
    Loc loc;
    std::memcpy(static_cast<void*>(&loc), &pointer, sizeof pointer);
    return place(loc);
  }
  // The report ends the kernel, so starting a process is acceptable.
  const auto start = reinterpret_cast<uintptr_t>(&pg_simt_program_begin);
  const Text command =
      text("addr2line -e /proc/%d/exe %#zx", getpid(), size_t{place_or_loc - 1 - start});
  Text line = text("?");
  if (FILE* const output = popen(command.chars, "r")) {
    if (std::fgets(line.chars, sizeof line.chars, output) != nullptr) {
      line.chars[std::strcspn(line.chars, " \n")] = 0;
    }
    pclose(output);
  }
  const char* const slash = std::strrchr(line.chars, '/');
  return text("%s", slash != nullptr ? slash + 1 : line.chars);
}

bool in_program(uintptr_t address) {
  return address >= reinterpret_cast<uintptr_t>(&pg_simt_program_begin) &&
         address < reinterpret_cast<uintptr_t>(&pg_simt_program_end);
}

Region::Region(uintptr_t begin, size_t bytes, bool shared, std::string name)
    : begin_(begin),
      end_(begin + bytes),
      shared_(shared),
      name_(std::move(name)),
      count_((bytes >> shift_) + 1),
      cells_(new_cells(count_)) {}

void Region::split_to(size_t bytes) {
  while ((bytes & ((size_t{1} << shift_) - 1)) != 0) {
    auto halves = new_cells(2 * count_);
    for (size_t i = 0; i < 2 * count_; ++i) halves[i] = cells_[i / 2];
    cells_ = std::move(halves);
    count_ *= 2;
    --shift_;
  }
}

Region::Range Region::cells(uintptr_t address, size_t bytes) {
  // The last cell may extend beyond the end, so an odd size does not split cells.
  const bool to_the_end = address + bytes == end_;
  split_to((address - begin_) | (to_the_end ? 0 : bytes));
  const size_t unit = size_t{1} << shift_;
  Cell* const first = &cells_[(address - begin_) >> shift_];
  return {first, first + ((bytes + unit - 1) >> shift_)};
}

Region* find_region(uintptr_t address) {
  for (Region* r : recent) {
    if (r != nullptr && address >= r->begin() && address < r->end()) return r;
  }
  const auto after = regions.upper_bound(address);
  if (after == regions.begin()) return nullptr;
  Region& r = std::prev(after)->second;
  if (address >= r.end()) return nullptr;
  static unsigned next = 0;
  return recent[next++ % recent.size()] = &r;
}

Region& add_region(uintptr_t begin, size_t bytes, bool shared, std::string name) {
  recent.fill(nullptr);
  return regions.insert_or_assign(begin, Region(begin, bytes, shared, std::move(name)))
      .first->second;
}

void remove_region(uintptr_t begin) {
  regions.erase(begin);
  recent.fill(nullptr);
}

}  // namespace pg::simt
