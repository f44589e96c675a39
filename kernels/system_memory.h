// system_memory.h: how much more memory this process may use.
#pragma once

#include <cstdint>
#include <filesystem>

namespace pg {

// In bytes: the minimum of MemAvailable and, for each control group (version 1 or 2) of this
// process and each group above it, the limit minus the memory in use; file cache that can be
// dropped does not count as used. Unreadable files set no limit. Tests replace / by `root`.
int64_t available_memory(const std::filesystem::path& root = "/");

}  // namespace pg
