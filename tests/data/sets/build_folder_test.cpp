// build_folder_test.cpp: replacing a data set never loses one, and builders never disturb others.
#include "data/sets/build_folder.h"

#include <sched.h>
#include <sys/stat.h>

#include "data/sets/build.h"
#include "data/sets/cache.h"
#include "data/sets/dataset.h"
#include "tests/data/support.h"
#include "tests/data/traced_child.h"

namespace pg::testing {
namespace {

int64_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

void build_shapes(int64_t count, const fs::path& out, Existing existing = Existing::refuse) {
  const auto source = open_source("builtin:shapes:" + std::to_string(count));
  build_dataset(*source, "x", out, {.resolution = 8, .threads = 1, .existing = existing});
}

// The number of images of a data set that is whole.
int64_t whole_count(const fs::path& folder) {
  const Dataset dataset(folder);
  dataset.verify();
  return dataset.count();
}

TEST(BuildFolder, OverwriteKilledAnywhereLeavesTheOldSetOrTheNew) {
  for (const long unsupported : {-1L, long{SYS_renameat2}}) {
    const TempFolder folder;
    build_shapes(4, folder / "set");
    const int kills = fail_everywhere([&] { build_shapes(6, folder / "set", Existing::replace); },
                                      {.killed = true},
                                      [&](int n) {
                                        // Without an exchange of names, the next program
                                        // brings the old data set back.
                                        if (unsupported > 0) sweep_scratch_folders(folder.path());
                                        const int64_t count = whole_count(folder / "set");
                                        EXPECT_TRUE(count == 4 || count == 6) << n;
                                        build_shapes(4, folder / "set", Existing::replace);
                                        EXPECT_EQ(entries(folder.path()), 1) << n;
                                      },
                                      [&](long call) { return call == unsupported ? EINVAL : 0; });
    if (kills == 0) GTEST_SKIP() << "this system does not allow tracing";
    EXPECT_GT(kills, 20);
  }
}

// Killed between the two renames; then the user gives the free name to something else.
TEST(BuildFolder, DataSetWhoseNameIsTakenIsKept) {
  const TempFolder folder;
  build_shapes(4, folder / "set");
  int renames = 0;
  const auto status = run_traced([&] { build_shapes(6, folder / "set", Existing::replace); },
                                 [&](long call) -> Fault {
                                   if (call == SYS_renameat2) return {.error = EINVAL};
                                   return {.killed = call == SYS_rename && ++renames == 2};
                                 });
  if (!status) GTEST_SKIP() << "this system does not allow tracing";
  ASSERT_TRUE(WIFSIGNALED(*status));
  EXPECT_FALSE(fs::exists(folder / "set"));
  write_text(folder / "set/notes.txt", "a user's");
  sweep_scratch_folders(folder.path());
  EXPECT_TRUE(fs::exists(folder / "set/notes.txt"));
  ASSERT_EQ(entries(folder.path()), 2);
  fs::remove_all(folder / "set");
  sweep_scratch_folders(folder.path());
  EXPECT_EQ(whole_count(folder / "set"), 4);
  EXPECT_EQ(entries(folder.path()), 1);
}

TEST(BuildFolder, FullDiskAnywhereLeavesTheOldSetAndNothingElse) {
  const TempFolder folder;
  build_shapes(4, folder / "set");
  const int failures = fail_everywhere(
      [&] { build_shapes(6, folder / "set", Existing::replace); }, {.error = ENOSPC},
      [&](int n) {
        const int64_t count = whole_count(folder / "set");
        EXPECT_TRUE(count == 4 || count == 6) << n;
        sweep_scratch_folders(folder.path());  // the failed call may be one that removes
        EXPECT_EQ(entries(folder.path()), 1) << n;
      });
  if (failures == 0) GTEST_SKIP() << "this system does not allow tracing";
}

// Names alone do not make a data set.
TEST(BuildFolder, ForeignFoldersAreNotReplaced) {
  const TempFolder folder;
  const auto kept = [&](const std::string& reason) {
    const std::string error =
        error_of<UsageError>([&] { build_shapes(4, folder / "set", Existing::replace); });
    EXPECT_HAS(error, reason);
    EXPECT_EQ(entries(folder.path()), 1);
    fs::remove_all(folder / "set");
  };
  write_text(folder / "set/dataset.json", "{\"labels\": [[\"a.png\", 3]]}");  // of StyleGAN
  kept("no dataset.json of this program");
  write_text(folder / "set/r0004.npy", "somebody's measurements");
  kept("no dataset.json of this program");
  build_shapes(4, folder / "set");
  fs::rename(folder / "set/r0004.npy", folder / "set/r4.npy");
  kept("'r4.npy'");
  build_shapes(4, folder / "set");
  write_text(folder / "set/r00x4.npy", "");
  kept("'r00x4.npy'");
  build_shapes(4, folder / "set");
  fs::remove(folder / "set/labels.npy");
  fs::create_symlink("/nonexistent", folder / "set/labels.npy");
  kept("'labels.npy'");
  write_text(folder / "set", "a file");
  kept("got a file");
  ::mkfifo((folder / "set").c_str(), 0600);
  kept("got a FIFO");
}

TEST(BuildFolder, LinkToADataSetKeepsLeadingToIt) {
  const TempFolder folder;
  fs::create_directory(folder / "disk");
  fs::create_directory_symlink("disk/set", folder / "set");
  build_shapes(4, folder / "set");
  build_shapes(6, folder / "set", Existing::replace);
  EXPECT_TRUE(fs::is_symlink(folder / "set"));
  EXPECT_EQ(whole_count(folder / "disk/set"), 6);
  EXPECT_EQ(entries(folder / "disk"), 1);
}

TEST(BuildFolder, FailedBuildLeavesNoFolders) {
  const TempFolder folder;
  const auto source = open_source("builtin:shapes:4");
  BuildOptions options{.resolution = 8};
  options.progress = [](const BuildProgress&) { throw Error("stopped"); };
  EXPECT_EQ(
      error_of<Error>([&] { build_dataset(*source, "x", folder / "new/folders/set", options); }),
      "stopped");
  EXPECT_EQ(entries(folder.path()), 0);
}

TEST(BuildFolder, EmptyFolderIsTakenWithItsPermissions) {
  const TempFolder folder;
  fs::create_directory(folder / "set");
  ::chmod((folder / "set").c_str(), 0750);
  build_shapes(4, folder / "set", Existing::replace);
  struct stat status = {};
  ::stat((folder / "set").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0750u);
}

// A builder in a PID namespace of its own, in which it is process 1, as in a container. It reports
// through the pipe when it has built everything but the end, and waits until the other end closes.
class Container {
 public:
  explicit Container(const fs::path& out) {
    if (::pipe(ready_) != 0 || ::pipe(release_) != 0) return;
    child_ = ::fork();
    if (child_ != 0) {
      char byte = 0;
      ::close(ready_[1]);
      allowed = ::read(ready_[0], &byte, 1) == 1 && byte == '1';
      return;
    }
    ::close(release_[1]);
    if (::unshare(CLONE_NEWPID) != 0) ::_exit(77);
    const pid_t first = ::fork();
    if (first != 0) {
      int status = 0;
      ::waitpid(first, &status, 0);
      ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 2);
    }
    build(out);
  }

  // Ends it without a chance to clean up.
  void kill() {
    ended_ = true;
    ::write(release_[1], "k", 1);
    ::waitpid(child_, nullptr, 0);
  }
  // Its exit code.
  int finish() {
    ended_ = true;
    ::write(release_[1], "f", 1);
    int status = 0;
    ::waitpid(child_, &status, 0);
    return WEXITSTATUS(status);
  }
  ~Container() {
    if (!ended_) finish();
  }

  bool allowed = false;

 private:
  [[noreturn]] void build(const fs::path& out) const {
    const auto source = open_source("builtin:shapes:6");
    BuildOptions options{.resolution = 8, .threads = 1, .existing = Existing::replace};
    options.progress = [&](const BuildProgress& p) {
      if (p.done < p.total) return;
      char byte = static_cast<char>('0' + ::getpid());
      ::write(ready_[1], &byte, 1);
      if (::read(release_[0], &byte, 1) != 1 || byte == 'k') ::_exit(9);
    };
    try {
      build_dataset(*source, "x", out, options);
    } catch (const std::exception&) {
      ::_exit(1);
    }
    ::_exit(0);
  }

  int ready_[2] = {}, release_[2] = {};
  pid_t child_ = -1;
  bool ended_ = false;
};

TEST(BuildFolder, BuildersInTwoContainersDoNotDisturbEachOther) {
  const TempFolder folder;
  Container one(folder / "set");
  if (!one.allowed) GTEST_SKIP() << "this system does not allow PID namespaces";
  Container two(folder / "set");
  ASSERT_TRUE(two.allowed);
  EXPECT_EQ(two.finish(), 0);
  EXPECT_EQ(whole_count(folder / "set"), 6);
  EXPECT_EQ(one.finish(), 0);
  EXPECT_EQ(whole_count(folder / "set"), 6);
  EXPECT_EQ(entries(folder.path()), 1);
}

TEST(BuildFolder, BuilderKilledInAContainerDoesNotBlockTheNext) {
  const TempFolder folder;
  Container one(folder / "set");
  if (!one.allowed) GTEST_SKIP() << "this system does not allow PID namespaces";
  one.kill();
  EXPECT_EQ(entries(folder.path()), 1);
  Container two(folder / "set");
  EXPECT_EQ(two.finish(), 0);
  EXPECT_EQ(whole_count(folder / "set"), 6);
  EXPECT_EQ(entries(folder.path()), 1);
}

TEST(CacheLock, FileSystemWithoutLocksIsNoReasonToStop) {
  for (const int error : {ENOSYS, ENOLCK, EOPNOTSUPP, EINVAL, EBADF}) {
    const TempFolder folder;
    OpenOptions options;
    options.cache_folder = folder / "cache";
    const auto open = [&] { open_or_build("builtin:shapes:4", options); };
    const auto status =
        run_traced(open, [&](long call) { return Fault{.error = call == SYS_flock ? error : 0}; });
    if (!status) GTEST_SKIP() << "this system does not allow tracing";
    EXPECT_EQ(*status, 0) << error;
  }
}

// The name of the lock file belongs to something else: nothing happens to that.
TEST(CacheLock, OtherThingsUnderItsNameAreLeftAlone) {
  const TempFolder folder;
  OpenOptions options;
  options.cache_folder = folder / "cache";
  const fs::path cached = open_or_build("builtin:shapes:4", options).folder();
  const fs::path lock = cached.string() + ".lock";
  const std::vector<std::function<void()>> things = {
      [&] { ::mkfifo(lock.c_str(), 0600); }, [&] { fs::create_directory(lock); },
      [&] { fs::create_symlink(folder / "thesis.txt", lock); }};
  for (const auto& make : things) {
    fs::remove(lock);
    make();
    EXPECT_EQ(open_or_build("builtin:shapes:4", options).count(), 4);
  }
  EXPECT_FALSE(fs::exists(folder / "thesis.txt"));
}

}  // namespace
}  // namespace pg::testing
