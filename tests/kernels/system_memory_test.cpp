// system_memory_test.cpp: available memory is the minimum over the machine and every group.
#include "kernels/system_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace pg::cpu {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMiB = int64_t{1} << 20;

// The system files of a machine with 8 GiB available.
class SystemMemory : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / ("system_memory." + std::to_string(::getpid()));
    fs::remove_all(root_);
    write(
        "proc/meminfo",
        "MemTotal:       16777216 kB\nMemFree:         1000000 kB\nMemAvailable:    8388608 kB\n");
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  void write(const std::string& name, int64_t number) const {
    write(name, std::to_string(number) + "\n");
  }

  fs::path root_;
};

TEST_F(SystemMemory, IsThatOfTheMachineWithoutGroups) {
  EXPECT_EQ(available_memory(root_), 8192 * kMiB);
  write("proc/self/cgroup", "0::/\n");
  EXPECT_EQ(available_memory(root_), 8192 * kMiB);
}

TEST_F(SystemMemory, CountsVersion2GroupsAndTheirParents) {
  write("proc/self/cgroup",
        "0::/user"
        "/job\n");
  write("sys/fs/cgroup/user/job/memory.max", "max\n");
  write("sys/fs/cgroup/user/job/memory.current", 100 * kMiB);
  write("sys/fs/cgroup/user/memory.max", 1000 * kMiB);
  write("sys/fs/cgroup/user/memory.current", 400 * kMiB);
  write("sys/fs/cgroup/user/memory.stat",
        "anon 1\nfile 314572800\ninactive_file 104857600\nactive_file 5\n");  // 100 MiB can be
                                                                              // dropped
  EXPECT_EQ(available_memory(root_), 700 * kMiB);
  write("sys/fs/cgroup/user/job/memory.max", 300 * kMiB);
  EXPECT_EQ(available_memory(root_), 200 * kMiB);
}

TEST_F(SystemMemory, CountsVersion1Groups) {
  write("proc/self/cgroup", "5:cpu,memory:/job\n1:name=systemd:/\n0::/other\n");
  write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", 2000 * kMiB);
  write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", 500 * kMiB);
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", 9223372036854771712);  // no limit
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", 600 * kMiB);
  EXPECT_EQ(available_memory(root_), 1500 * kMiB);
}

// In a container, the path of the group is that on the host.
TEST_F(SystemMemory, UsesTheMountPointForAnUnmountedGroup) {
  write("proc/self/cgroup",
        "0::/docker"
        "/0123\n");
  write("sys/fs/cgroup/memory.max", 64 * kMiB);
  write("sys/fs/cgroup/memory.current", 80 * kMiB);
  EXPECT_EQ(available_memory(root_), 0);
}

}  // namespace
}  // namespace pg::cpu
