// memory.h: main memory: its use limited, its needs checked, and the choice of the OOM killer.
#pragma once

#include <cstdint>
#include <string>

namespace pg::apps {

inline constexpr const char* kDataMemoryHelp =
    "memory for reading and decoding images, such as 2GB or 512MiB; images that need more are "
    "skipped (default: a quarter of what is free)";

// Limits reading and decoding to `limit`; empty: to the default. `name` is the option or key in the
// UsageError for a text that is not a size.
void limit_data_memory(const std::string& limit, const char* name);

// Throws OutOfMemoryError("WHAT needs X of memory, but only Y are free; ADVICE") for more bytes
// than this process can get.
void require_memory(int64_t bytes, const std::string& what, const char* advice);

// If the machine runs out of memory, the system ends this process rather than one of lower score.
// A score that is higher already stays.
void offer_to_oom_killer();

}  // namespace pg::apps
