// global_races.cpp: which block last wrote and read each two bytes of device memory in a launch.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "tests/ptx/interpreter/address_range.h"
#include "tests/ptx/interpreter/code.h"
#include "tests/ptx/interpreter/memory.h"

namespace pg::ptx {
namespace {

constexpr uint32_t kBlockBits = 20, kBlocks = 1u << kBlockBits, kMany = kBlocks - 1;
constexpr uint32_t kLastLaunch = (1u << 11) - 1;
constexpr uint32_t kConstant = 1u << 31;  // read by ld.global.nc

// A launch (11 bits) and a block (20 bits), or several blocks.
uint32_t launch_of(uint32_t mark) { return (mark & ~kConstant) >> kBlockBits; }
std::string block_of(uint32_t mark) {
  const uint32_t block = mark % kBlocks;
  return block == kMany ? "other blocks" : "block " + std::to_string(block);
}

struct Cell {
  uint32_t write, read;
};

// One cell for two bytes of all addresses: untouched pages take no memory.
class Cells {
 public:
  Cell& of(uint64_t address) { return cells_[(address - device_addresses().begin) / 2]; }
  uint32_t launch() const { return launch_; }
  void next_launch() {
    if (++launch_ > kLastLaunch || cells_ == nullptr) forget();
  }

 private:
  void forget() {
    const AddressRange& range = device_addresses();
    const size_t bytes = (range.end - range.begin) / 2 * sizeof(Cell);
    if (cells_ != nullptr) munmap(cells_, bytes);
    void* const p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) fail("cannot reserve addresses for the race check");
    cells_ = static_cast<Cell*>(p);
    launch_ = 1;
  }

  Cell* cells_ = nullptr;
  uint32_t launch_ = 0;
} cells;

uint32_t mark_of(uint32_t block) { return cells.launch() << kBlockBits | block % kMany; }

void read_cell(uint64_t address, uint32_t own, bool constant) {
  Cell& cell = cells.of(address);
  const uint32_t launch = cells.launch();
  if (launch_of(cell.write) == launch) {
    if (constant) fail("ld.global.nc of " + hex(address) + ", which this launch writes");
    if (cell.write != own) {
      fail("race: reads global memory at " + hex(address) + ", which " + block_of(cell.write) +
           " wrote in this launch");
    }
  }
  const bool again = launch_of(cell.read) == launch;
  const bool others = again && (cell.read & ~kConstant) != own;
  const bool as_constant = constant || (again && (cell.read & kConstant) != 0);
  cell.read =
      (others ? launch << kBlockBits | kMany : own) | (as_constant ? kConstant : uint32_t{0});
}

// value: the bytes to be written to the cell.
void write_cell(uint64_t address, uint32_t own, const char* value, size_t bytes) {
  Cell& cell = cells.of(address);
  const uint32_t launch = cells.launch();
  if (launch_of(cell.read) == launch) {
    if ((cell.read & kConstant) != 0) {
      fail("writes " + hex(address) + ", which this launch reads by ld.global.nc");
    }
    if (cell.read != own) {
      fail("race: writes global memory at " + hex(address) + ", which " + block_of(cell.read) +
           " read in this launch");
    }
  }
  if (launch_of(cell.write) == launch && cell.write != own &&
      std::memcmp(reinterpret_cast<const void*>(address), value, bytes) != 0) {
    fail("race: writes global memory at " + hex(address) + ", where " + block_of(cell.write) +
         " wrote another value in this launch");
  }
  cell.write = own;
}

}  // namespace

void next_launch() { cells.next_launch(); }

void note_global_read(uint64_t address, uint32_t size, uint32_t block, bool constant) {
  const uint32_t own = mark_of(block);
  for (uint64_t a = address; a < address + size; a += 2) read_cell(a, own, constant);
}

void note_global_write(uint64_t address, uint32_t size, const void* value, uint32_t block) {
  const uint32_t own = mark_of(block);
  const auto* const bytes = static_cast<const char*>(value);
  for (uint64_t a = address; a < address + size; a += 2) {
    write_cell(a, own, bytes + (a - address), std::min<uint64_t>(2, size));
  }
}

}  // namespace pg::ptx
