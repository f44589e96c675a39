// race.h: the race checker's interface. In builds without it race/race_off.cpp has empty bodies.
#pragma once

#include "tests/simt/emulator/core.h"

namespace pg::simt {

enum class Access : uint8_t { read, write, atomic };

// From the stand-in headers: accesses of the running thread that the compiler does not report.
void note_access(const void* p, size_t bytes, Access access, const Loc& loc);
void note_atomic(const void* p, size_t bytes, const Loc& loc);
void note_fence();
void note_parameters(const void* p, size_t bytes);  // of the launch: the kernel may read them

// From the emulator.
void race_launch_begins();
void race_block_begins(const void* smem, size_t bytes, uint32_t threads);
void race_barrier();
void race_warp_barrier(uint32_t warp, uint32_t mask);
void note_warp_operation(const char* name, uint32_t warp, uint32_t present);  // of lanes
void race_copy_begins(const void* p, size_t bytes);  // cp.async, into shared memory
void race_copy_ends(const void* p, size_t bytes);

// From the host API: device memory.
void race_allocated(const void* p, size_t bytes);
void race_freed(const void* p);
void race_host_wrote(const void* p, size_t bytes);

}  // namespace pg::simt
