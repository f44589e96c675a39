// fiber.h: a stack and the point where it resumes. A switch takes twelve instructions.
//
// Not ucontext: it costs a system call per switch, and AddressSanitizer intercepts it and clears
// the stack's shadow each time, which is 20 to 30 times slower.
#pragma once

#include <cstddef>

namespace pg::simt {

struct Fiber {
  void* resume = nullptr;       // stack pointer while it waits
  const char* stack = nullptr;  // lowest address
  size_t bytes = 0;
  void* asan_frames = nullptr;  // AddressSanitizer's record while it waits
};

Fiber fiber_of_caller();
Fiber make_fiber();  // a stack with a guard page below; never freed

// Prepares the fiber to run main() from the start. main() first calls fiber_entered() and never
// returns.
void start_fiber(Fiber& fiber, void (*main)());
void fiber_entered();

// Switches from the running fiber `from` to `to`.
void switch_fibers(Fiber& from, Fiber& to);

// Discards its frames without unwinding them; it can be started again.
void abandon_fiber(Fiber& fiber);

}  // namespace pg::simt
