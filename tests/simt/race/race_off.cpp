// race_off.cpp: replaces the race checker in builds without it.
#include "tests/simt/emulator/race.h"

namespace pg::simt {

void note_access(const void*, size_t, Access, const Loc&) {}
void note_atomic(const void*, size_t, const Loc&) {}
void note_fence() {}
void note_parameters(const void*, size_t) {}
void race_launch_begins() {}
void race_block_begins(const void*, size_t, uint32_t) {}
void race_barrier() {}
void race_warp_barrier(uint32_t, uint32_t) {}
void note_warp_operation(const char*, uint32_t, uint32_t) {}
void race_copy_begins(const void*, size_t) {}
void race_copy_ends(const void*, size_t) {}
void race_allocated(const void*, size_t) {}
void race_freed(const void*) {}
void race_host_wrote(const void*, size_t) {}

}  // namespace pg::simt
