#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>
namespace simt {
struct SharedVar {
  uintptr_t addr;
  size_t size;
  std::string name;
};
const std::vector<SharedVar>& static_shared();  // symtab.cpp
void poison_static_shared();
uint32_t current_linear();
// True while a kernel's thread executes code of the shim. The race checker must not look at that
// code: the linker may pick the instrumented copy of an inline function (std::string, ...) for the
// shim as well.
extern bool in_shim;
struct Enter {
  bool old = in_shim;
  Enter() { in_shim = true; }
  ~Enter() { in_shim = old; }
};
bool in_kernel();
std::string current_name();
std::pair<uintptr_t, uintptr_t> current_stack();
void clear_fault();
uint64_t random_u64();
void device_memory_visible(bool on);  // AddressSanitizer: host code may not touch device memory
// race.cpp
void race_launch_begin();
void race_block_begin(const void* smem, size_t n);
void race_barrier();
void race_syncwarp(uint32_t warp, uint32_t mask);
void race_async(const void* p, size_t n, bool begin);
void race_alloc(void* p, size_t n);
void race_free(void* p);
void race_host_write(void* p, size_t n);
}  // namespace simt
