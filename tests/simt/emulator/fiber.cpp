// fiber.cpp: stacks and switches on x86-64.
#include "tests/simt/emulator/fiber.h"

#include <pthread.h>
#include <sys/mman.h>

#include <cstdint>
#include <new>

#include "tests/simt/emulator/asan.h"

#if !defined(__x86_64__)
#error "the CUDA emulator requires x86-64"
#endif

// Saves the registers preserved by calls, and swaps stacks.
extern "C" void pg_simt_switch(void** save, void* resume);
asm(R"(
.text
.type pg_simt_switch,@function
pg_simt_switch:
  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
  ret
.size pg_simt_switch,.-pg_simt_switch
)");

namespace pg::simt {
namespace {

constexpr size_t kStackBytes = kAsan ? 256 << 10 : 128 << 10;
constexpr size_t kGuardBytes = 4096;
constexpr int kSavedRegisters = 6;

}  // namespace

Fiber fiber_of_caller() {
  pthread_attr_t attributes;
  void* stack = nullptr;
  size_t bytes = 0;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &stack, &bytes);
  pthread_attr_destroy(&attributes);
  return {.stack = static_cast<char*>(stack), .bytes = bytes};
}

Fiber make_fiber() {
  void* const memory = mmap(nullptr, kStackBytes + kGuardBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, kGuardBytes, PROT_NONE);
  return {.stack = static_cast<char*>(memory) + kGuardBytes, .bytes = kStackBytes};
}

void start_fiber(Fiber& fiber, void (*main)()) {
  const auto end = reinterpret_cast<uintptr_t>(fiber.stack) + fiber.bytes;
  auto** top = reinterpret_cast<void**>(end & ~uintptr_t{15});
  *--top = nullptr;  // the return address of main(): ends a stack walk
  *--top = reinterpret_cast<void*>(main);
  for (int i = 0; i < kSavedRegisters; ++i) *--top = nullptr;
  fiber.resume = top;
  fiber.asan_frames = nullptr;
}

void fiber_entered() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
}

void switch_fibers(Fiber& from, Fiber& to) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&from.asan_frames, to.stack, to.bytes);
#endif
  pg_simt_switch(&from.resume, to.resume);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(from.asan_frames, nullptr, nullptr);
#endif
}

void abandon_fiber(Fiber& fiber) { allow_access(fiber.stack, fiber.bytes); }

}  // namespace pg::simt
