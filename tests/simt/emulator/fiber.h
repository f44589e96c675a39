// fiber.h: a stack and the point where it goes on. Twelve instructions switch between two.
//
// Not ucontext: it costs a system call a switch, and AddressSanitizer intercepts it and clears the
// stack's shadow each time, 20 to 30 times slower than this.
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

// Prepares the fiber to run main() from the start. main() calls fiber_entered() first and does not
// return.
void start_fiber(Fiber& fiber, void (*main)());
void fiber_entered();

// Leaves the running fiber `from` for `to`.
void switch_fibers(Fiber& from, Fiber& to);

// Its frames are forgotten without being unwound; it can be started again.
void abandon_fiber(Fiber& fiber);

}  // namespace pg::simt
