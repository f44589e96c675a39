// system_memory.cpp: /proc/meminfo and control groups.
#include "kernels/system_memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace pg {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

// The number at the start of a file; none for "max".
std::optional<int64_t> number_in(const fs::path& file) {
  std::ifstream in(file);
  int64_t value = 0;
  if (in >> value) return value;
  return std::nullopt;
}

// The number after a word that starts a line: "MemAvailable:  123 kB", "inactive_file 456".
std::optional<int64_t> number_after(const fs::path& file, const std::string& word) {
  std::ifstream in(file);
  std::string first;
  for (int64_t value = 0; in >> first >> value;) {
    if (first == word) return value;
    in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::nullopt;
}

struct GroupFiles {
  const char *limit, *used, *cache;
};

// Memory that the groups still allow, from `group` up to the mount point that contains it.
int64_t left_in_groups(const fs::path& mount, const fs::path& group, const GroupFiles& files) {
  int64_t left = kNoLimit;
  for (fs::path at = group.relative_path();; at = at.parent_path()) {
    const fs::path folder = mount / at;
    const auto limit = number_in(folder / files.limit), used = number_in(folder / files.used);
    if (limit && used) {
      const int64_t cache = number_after(folder / "memory.stat", files.cache).value_or(0);
      const int64_t needed = *used - std::min(cache, *used);
      left = std::min(left, std::max<int64_t>(*limit - needed, 0));
    }
    if (at.empty()) return left;
  }
}

// Lines are ID:CONTROLLERS:PATH; version 2 has no controllers. In a container the path may lie
// outside the mounted tree; then the mount point itself is the group.
int64_t left_in_control_groups(const fs::path& root) {
  int64_t left = kNoLimit;
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    const fs::path mount = root / "sys/fs/cgroup";
    if (controllers.empty()) {
      left = std::min(
          left, left_in_groups(mount, group, {"memory.max", "memory.current", "inactive_file"}));
    } else if (("," + controllers + ",").find(",memory,") != std::string::npos) {
      left = std::min(left, left_in_groups(mount / "memory", group,
                                           {"memory.limit_in_bytes", "memory.usage_in_bytes",
                                            "total_inactive_file"}));
    }
  }
  return left;
}

}  // namespace

int64_t available_memory(const fs::path& root) {
  const auto kilobytes = number_after(root / "proc/meminfo", "MemAvailable:");
  return std::min(kilobytes ? *kilobytes * 1024 : kNoLimit, left_in_control_groups(root));
}

}  // namespace pg
