// cpu_backend.cpp: memory and copies of the CPU backend.
#include "kernels/cpu/cpu_backend.h"

#include <sched.h>

#include <cstdlib>
#include <cstring>
#include <thread>

#include "kernels/cpu/parallel.h"
#include "kernels/system_memory.h"

namespace pg {
namespace cpu {
namespace {

constexpr int64_t kAlignment = 64;

// memmove, since a copy within one buffer may overlap itself.
void copy_bytes(int threads, void* dst, const void* src, int64_t bytes) {
  auto* to = static_cast<char*>(dst);
  const auto* from = static_cast<const char*>(src);
  const bool overlap = to < from + bytes && from < to + bytes;
  parallel_for(overlap ? 1 : threads, bytes, overlap ? std::max<int64_t>(bytes, 1) : 1 << 20,
               [=](int64_t begin, int64_t end) {
                 std::memmove(to + begin, from + begin, static_cast<size_t>(end - begin));
               });
}

}  // namespace

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

CpuBackend::CpuBackend(int threads, CpuPath path)
    : threads_(threads == 0 ? usable_cores() : threads) {
  PG_CHECK(threads >= 0, UsageError,
           "threads: expected 0 (one for each core) or a positive number, got ", threads);
  if (path == CpuPath::fast) fast_ = std::make_unique<FastPath>(threads_);
}

std::string CpuBackend::description() const {
  return message("CPU, ", threads_, threads_ == 1 ? " thread" : " threads",
                 fast_ ? "" : ", direct loops");
}

void* CpuBackend::allocate(int64_t bytes) {
  PG_ASSERT(bytes >= 0);
  const int64_t rounded = round_up(std::max<int64_t>(bytes, 1), kAlignment);
  void* p = std::aligned_alloc(kAlignment, static_cast<size_t>(rounded));
  PG_CHECK(p != nullptr, OutOfMemoryError, "cannot allocate ", bytes,
           " bytes of CPU memory; choose a smaller minibatch or resolution");
  return p;
}

int64_t CpuBackend::free_bytes() const { return available_memory(); }

void CpuBackend::release(void* p) noexcept { std::free(p); }

void CpuBackend::upload(TensorView dst, const void* src) {
  copy_bytes(threads_, dst.data, src, bytes_of(dst));
}

void CpuBackend::download(void* dst, ConstTensorView src) {
  copy_bytes(threads_, dst, src.data, bytes_of(src));
}

void CpuBackend::copy(TensorView dst, ConstTensorView src) {
  PG_ASSERT(dst.dtype == src.dtype && dst.shape.numel() == src.shape.numel());
  copy_bytes(threads_, dst.data, src.data, bytes_of(src));
}

}  // namespace cpu

std::unique_ptr<Backend> make_cpu_backend(int threads, CpuPath path) {
  return std::make_unique<cpu::CpuBackend>(threads, path);
}

}  // namespace pg
