// system_memory.h: how much memory this process may still take.
#pragma once

#include <cstdint>
#include <filesystem>

namespace pg::cpu {

// Bytes: the least of MemAvailable and, for each control group (version 1 or 2) that this process
// or a group above it is in, the limit less what is used, file cache that can be dropped not
// counted. What cannot be read sets no limit. `root` stands for / in tests.
int64_t available_memory(const std::filesystem::path& root = "/");

}  // namespace pg::cpu
