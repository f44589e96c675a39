// scratch_folder_test.cpp: what killed programs leave behind is removed, and nothing else.
#include "data/files/scratch_folder.h"

#include <sys/stat.h>

#include <algorithm>

#include "data/files/atomic_file.h"
#include "tests/data/support.h"
#include "tests/data/traced_child.h"

namespace pg::testing {
namespace {

std::vector<std::string> names_of(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

std::string text_in(const fs::path& path) {
  const auto bytes = read_bytes(path);
  return {bytes.begin(), bytes.end()};
}

// A scratch folder as a killed program leaves it.
fs::path leftover(const TempFolder& folder) {
  const pid_t child = ::fork();
  if (child == 0) {
    const ScratchFolder scratch(folder / "target");
    write_text(scratch.content(), "half");
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    if (entry.path().filename().string().starts_with(".progan_cuda-")) return entry.path();
  }
  ADD_FAILURE() << "no leftover";
  return {};
}

TEST(ScratchFolder, LeftoverOfAKilledProgramIsRemoved) {
  const TempFolder folder;
  write_text(folder / "mine.txt", "a user's");
  EXPECT_TRUE(fs::exists(leftover(folder) / "content"));
  sweep_scratch_folders(folder.path());
  EXPECT_EQ(names_of(folder.path()), std::vector<std::string>{"mine.txt"});
}

TEST(ScratchFolder, FolderInUseIsKept) {
  const TempFolder folder;
  {
    const ScratchFolder scratch(folder / "target");
    write_text(scratch.content(), "half");
    sweep_scratch_folders(folder.path());
    EXPECT_EQ(text_in(scratch.content()), "half");
  }
  EXPECT_TRUE(names_of(folder.path()).empty());
}

// Everything that differs from a folder of ours in one respect.
TEST(ScratchFolder, OnlyProvenOnesAreRemoved) {
  const auto kept = [](const std::function<void(const fs::path& scratch)>& change) {
    const TempFolder folder;
    const fs::path scratch = leftover(folder);
    change(scratch);
    const std::vector<std::string> before = names_of(folder.path());
    sweep_scratch_folders(folder.path());
    return before == names_of(folder.path());
  };
  EXPECT_FALSE(kept([](const fs::path&) {}));
  EXPECT_TRUE(kept([](const fs::path& s) { write_text(s / "thesis.txt", "three years"); }));
  EXPECT_TRUE(kept([](const fs::path& s) { write_text(s / "set/thesis.txt", "three years"); }));
  EXPECT_TRUE(kept([](const fs::path& s) { fs::create_directories(s / "set/r0004.npy"); }));
  EXPECT_TRUE(kept([](const fs::path& s) { write_text(s / "signature", "something else"); }));
  EXPECT_TRUE(kept([](const fs::path& s) { write_text(s / "signature", ""); }));
  EXPECT_TRUE(kept([](const fs::path& s) { fs::remove(s / "signature"); }));
  EXPECT_TRUE(kept([](const fs::path& s) { fs::rename(s, s.parent_path() / "renamed"); }));
  EXPECT_TRUE(kept([](const fs::path& s) {
    fs::remove(s / "content");
    fs::create_symlink("/nonexistent", s / "content");
  }));
  EXPECT_TRUE(kept([](const fs::path& s) {
    fs::remove(s / "signature");
    ::mkfifo((s / "signature").c_str(), 0600);
  }));
  EXPECT_TRUE(kept([](const fs::path& s) {
    fs::rename(s, s.parent_path() / "elsewhere");
    fs::create_directory_symlink("elsewhere", s);
  }));
}

TEST(ScratchFolder, OtherTemporaryNamesAreKept) {
  const TempFolder folder;
  write_text(folder / "out.bin.tmp-99", "a user's");
  write_text(folder / "set.tmp-20240101/holiday.jpg", "a user's");
  write_text(folder / ".progan_cuda-0123456789abcdef0123456789abcdef/holiday.jpg", "a user's");
  write_file_atomically(folder / "out.bin", "x");
  sweep_scratch_folders(folder.path());
  EXPECT_EQ(names_of(folder.path()).size(), 4u);
  EXPECT_EQ(text_in(folder / "set.tmp-20240101/holiday.jpg"), "a user's");
}

TEST(ScratchFolder, WithoutLocksNothingIsRemoved) {
  for (const int error : {ENOSYS, ENOLCK, EOPNOTSUPP, EINVAL}) {
    const TempFolder folder;
    const fs::path scratch = leftover(folder);
    const auto status = run_traced(
        [&] {
          sweep_scratch_folders(folder.path());
          write_file_atomically(folder / "out.bin", "x");  // works all the same
        },
        [&](long call) { return Fault{.error = call == SYS_flock ? error : 0}; });
    if (!status) GTEST_SKIP() << "this system does not allow tracing";
    EXPECT_EQ(*status, 0);
    EXPECT_TRUE(fs::exists(scratch / "content")) << error;
    EXPECT_EQ(text_in(folder / "out.bin"), "x");
  }
}

TEST(AtomicFile, KilledAnywhereLeavesTheOldFileOrTheNew) {
  const std::string large(3 << 20, 'n');
  for (const long unsupported : {-1L, long{SYS_renameat2}}) {
    const TempFolder folder;
    const int kills =
        fail_everywhere([&] { write_file_atomically(folder / "out.bin", large); }, {.killed = true},
                        [&](int n) {
                          const std::string now = text_in(folder / "out.bin");
                          EXPECT_TRUE(now.empty() || now == "old" || now == large) << n;
                          sweep_scratch_folders(folder.path());
                          EXPECT_LE(names_of(folder.path()).size(), 1u) << n;
                          write_text(folder / "out.bin", "old");
                        },
                        [&](long call) { return call == unsupported ? EINVAL : 0; });
    if (kills == 0) GTEST_SKIP() << "this system does not allow tracing";
    EXPECT_GT(kills, 8);
  }
}

TEST(AtomicFile, FailureAnywhereLeavesNothingElse) {
  for (const int error : {ENOSPC, EIO}) {
    const TempFolder folder;
    write_text(folder / "out.bin", "old");
    const int failures = fail_everywhere(
        [&] { write_file_atomically(folder / "out.bin", std::string(3 << 20, 'n')); },
        {.error = error},
        [&](int n) {
          EXPECT_GE(text_in(folder / "out.bin").size(), 3u) << n;
          // Removing a file may itself be the call that fails.
          sweep_scratch_folders(folder.path());
          EXPECT_EQ(names_of(folder.path()), std::vector<std::string>{"out.bin"}) << n;
          write_text(folder / "out.bin", "old");
        });
    if (failures == 0) GTEST_SKIP() << "this system does not allow tracing";
  }
}

}  // namespace
}  // namespace pg::testing
