// memory.cpp: allocations in one large reserved range of addresses.
#include "tests/ptx/interpreter/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "tests/ptx/interpreter/address_range.h"
#include "tests/ptx/interpreter/module.h"

namespace pg::ptx {
namespace {

constexpr uint64_t kPage = 4096, kOffset = 256;

struct Arena {
  uint64_t next = 0;
  std::vector<Allocation> blocks;  // by address
};
Arena& arena() {
  static Arena a{.next = device_addresses().begin, .blocks = {}};
  return a;
}

}  // namespace

uint64_t allocate(size_t bytes) {
  Arena& a = arena();
  const uint64_t whole = (bytes + kOffset + kPage - 1) / kPage * kPage;
  if (a.next + whole + kPage > device_addresses().end) return 0;
  void* const page = reinterpret_cast<void*>(a.next);
  if (mprotect(page, whole, PROT_READ | PROT_WRITE) != 0) return 0;
  const uint64_t begin = a.next + kOffset;
  const size_t poisoned = options().sample == 0 ? kPoisonedBytes : kPoisonedInSample;
  if (bytes <= poisoned) std::memset(reinterpret_cast<void*>(begin), 0xFF, bytes);
  a.blocks.push_back({begin, begin + bytes, false});
  a.next += whole + kPage;
  return begin;
}

const Allocation* find_allocation(uint64_t address) {
  const std::vector<Allocation>& b = arena().blocks;
  const auto after = std::upper_bound(b.begin(), b.end(), address,
                                      [](uint64_t x, const Allocation& y) { return x < y.begin; });
  return after == b.begin() ? nullptr : &*(after - 1);
}

bool release(uint64_t address) {
  auto* const block = const_cast<Allocation*>(find_allocation(address));
  if (block == nullptr || block->begin != address || block->freed) return false;
  block->freed = true;
  const uint64_t page = block->begin - kOffset;
  mmap(reinterpret_cast<void*>(page), (block->end - page + kPage - 1) / kPage * kPage, PROT_NONE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  return true;
}

void require_device(uint64_t address, size_t bytes, const char* what) {
  const Allocation* a = find_allocation(address);
  if (a == nullptr || address + bytes > a->end || a->freed) {
    fail(std::string(what) + ": " + hex(address) + ", " + std::to_string(bytes) + " bytes, is " +
         (a != nullptr && a->freed && address < a->end ? "freed memory"
                                                       : "not inside device memory"));
  }
}

}  // namespace pg::ptx
