// hooks.cpp: replaces ThreadSanitizer's runtime. Kernel files are compiled, but not linked, with
// -fsanitize=thread, so all their loads and stores arrive here.
//
// The real runtime is unsuitable: it would treat fibers of two blocks as one thread, and report
// shared memory reused by the next block as a race. A compiler parameter disables the calls at
// function entry and exit.
#include "tests/simt/emulator/race.h"

namespace pg::simt {

void check_instrumented_access(const void* p, size_t bytes, Access access,
                               const void* return_address);

}  // namespace pg::simt

using pg::simt::Access;
using pg::simt::check_instrumented_access;

#define PG_SIMT_HOOK(name, bytes, access)                                             \
  void name(const void* p) {                                                          \
    check_instrumented_access(p, bytes, Access::access, __builtin_return_address(0)); \
  }                                                                                   \
  static_assert(true)
#define PG_SIMT_HOOKS(bytes)                                 \
  PG_SIMT_HOOK(__tsan_read##bytes, bytes, read);             \
  PG_SIMT_HOOK(__tsan_write##bytes, bytes, write);           \
  PG_SIMT_HOOK(__tsan_unaligned_read##bytes, bytes, read);   \
  PG_SIMT_HOOK(__tsan_unaligned_write##bytes, bytes, write); \
  PG_SIMT_HOOK(__tsan_volatile_read##bytes, bytes, read);    \
  PG_SIMT_HOOK(__tsan_volatile_write##bytes, bytes, write)

// For host code in the same files that uses std::shared_ptr or std::atomic.
#define PG_SIMT_ATOMICS(bits, T)                                                                   \
  T __tsan_atomic##bits##_load(const volatile T* p, int) {                                         \
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);                                                   \
  }                                                                                                \
  void __tsan_atomic##bits##_store(volatile T* p, T value, int) {                                  \
    __atomic_store_n(p, value, __ATOMIC_SEQ_CST);                                                  \
  }                                                                                                \
  T __tsan_atomic##bits##_exchange(volatile T* p, T value, int) {                                  \
    return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);                                        \
  }                                                                                                \
  T __tsan_atomic##bits##_fetch_add(volatile T* p, T value, int) {                                 \
    return __atomic_fetch_add(p, value, __ATOMIC_SEQ_CST);                                         \
  }                                                                                                \
  T __tsan_atomic##bits##_fetch_sub(volatile T* p, T value, int) {                                 \
    return __atomic_fetch_sub(p, value, __ATOMIC_SEQ_CST);                                         \
  }                                                                                                \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile T* p, T* expected, T value, int,      \
                                                    int) {                                         \
    return __atomic_compare_exchange_n(p, expected, value, false, __ATOMIC_SEQ_CST,                \
                                       __ATOMIC_SEQ_CST);                                          \
  }                                                                                                \
  int __tsan_atomic##bits##_compare_exchange_weak(volatile T* p, T* expected, T value, int, int) { \
    return __atomic_compare_exchange_n(p, expected, value, true, __ATOMIC_SEQ_CST,                 \
                                       __ATOMIC_SEQ_CST);                                          \
  }                                                                                                \
  static_assert(true)

extern "C" {

PG_SIMT_HOOKS(1);
PG_SIMT_HOOKS(2);
PG_SIMT_HOOKS(4);
PG_SIMT_HOOKS(8);
PG_SIMT_HOOKS(16);

void __tsan_read_range(const void* p, size_t bytes) {
  check_instrumented_access(p, bytes, Access::read, __builtin_return_address(0));
}
void __tsan_write_range(const void* p, size_t bytes) {
  check_instrumented_access(p, bytes, Access::write, __builtin_return_address(0));
}

void __tsan_init() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

PG_SIMT_ATOMICS(8, unsigned char);
PG_SIMT_ATOMICS(32, unsigned);
PG_SIMT_ATOMICS(64, unsigned long);
}
