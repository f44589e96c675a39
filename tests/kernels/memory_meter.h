// memory_meter.h: the memory in use, on a device and in the process.
#pragma once

#include <malloc.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <map>

#include "kernels/forwarding_backend.h"

namespace pg::test {

// Counts the bytes allocated from its backend and not released. Supports capture if that does.
class MeteredBackend : public ForwardingBackend {
 public:
  using ForwardingBackend::ForwardingBackend;

  void* allocate(int64_t bytes) override {
    void* const p = ForwardingBackend::allocate(bytes);
    bytes_[p] = bytes;
    held_ += bytes;
    return p;
  }
  void release(void* p) noexcept override {
    held_ -= bytes_[p];
    bytes_.erase(p);
    ForwardingBackend::release(p);
  }
  bool can_capture() const override { return inner().can_capture(); }
  void begin_capture() override { inner().begin_capture(); }
  std::unique_ptr<StepGraph> end_capture() override { return inner().end_capture(); }

  int64_t held() const { return held_; }

 private:
  std::map<void*, int64_t> bytes_;
  int64_t held_ = 0;
};

// Resident memory of this process in bytes.
inline int64_t resident_bytes() {
  int64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

// Bytes that this process has from malloc and has not freed, in all arenas.
inline int64_t heap_bytes() {
  const auto info = ::mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

// Sanitizers keep freed memory and bookkeeping, so resident memory is no measure under them.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kResidenceTells = false;
#else
inline constexpr bool kResidenceTells = true;
#endif

}  // namespace pg::test
