// output_path_test.cpp: files that users name are replaced only where that is certain to be meant.
#include "data/files/output_path.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <map>

#include "data/files/atomic_file.h"
#include "tests/data/support.h"
#include "tests/data/traced_child.h"

namespace pg::testing {
namespace {

class OutputPaths : public ::testing::Test {
 protected:
  // Writes "later" to `name` as a file that the user named.
  void write(const std::string& name, Force force = Force::no, bool ours = false) const {
    write_file_atomically(
        OutputPath::named(folder_ / name, force, [=](const fs::path&) { return ours; }), "later");
  }
  std::string refusal(const std::string& name, Force force = Force::no, bool ours = false) const {
    return error_of<UsageError>([&] { write(name, force, ours); });
  }
  std::string text(const std::string& name) const {
    const auto bytes = read_bytes(folder_ / name);
    return {bytes.begin(), bytes.end()};
  }
  mode_t mode(const std::string& name) const {
    struct stat status = {};
    ::lstat((folder_ / name).c_str(), &status);
    return status.st_mode;
  }
  TempFolder folder_;
};

TEST_F(OutputPaths, ForeignFileNeedsForce) {
  write_text(folder_ / "a", "three years of work");
  EXPECT_HAS(refusal("a"), "--force");
  EXPECT_EQ(text("a"), "three years of work");
  write("a", Force::yes);
  EXPECT_EQ(text("a"), "later");
  write_text(folder_ / "b", "ours");
  write("b", Force::no, /*ours=*/true);
  EXPECT_EQ(text("b"), "later");
}

TEST_F(OutputPaths, WriteProtectedFileNeedsForce) {
  write_text(folder_ / "a", "old");
  ::chmod((folder_ / "a").c_str(), 0444);
  EXPECT_HAS(refusal("a", Force::no, /*ours=*/true), "write-protected");
  write("a", Force::yes);
  EXPECT_EQ(mode("a") & 0777, 0444u);
}

TEST_F(OutputPaths, NothingButFilesIsReplaced) {
  fs::create_directory(folder_ / "folder");
  ::mkfifo((folder_ / "fifo").c_str(), 0600);
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  fs::path((folder_ / "socket")).string().copy(address.sun_path, sizeof address.sun_path - 1);
  const FileHandle listener(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  fs::create_symlink("/dev/null", folder_ / "device");
  for (const auto& [name, kind] : std::map<std::string, std::string>{{"folder", "got a folder"},
                                                                     {"fifo", "got a FIFO"},
                                                                     {"socket", "got a socket"},
                                                                     {"device", "got a device"}}) {
    const mode_t before = mode(name);
    EXPECT_HAS(refusal(name, Force::yes, /*ours=*/true), kind);
    EXPECT_EQ(mode(name), before);
    if (name == "device") continue;  // a link; links in folders of ours are replaced themselves
    EXPECT_HAS(error_of<IoError>([&] { write_file_atomically(folder_ / name, "x"); }), kind);
    EXPECT_EQ(mode(name), before);
  }
  EXPECT_TRUE(S_ISLNK(mode("device")));
}

TEST_F(OutputPaths, LinksAreFollowed) {
  write_text(folder_ / "elsewhere/target", "old");
  fs::create_symlink("elsewhere/target", folder_ / "one");
  fs::create_symlink("one", folder_ / "two");
  EXPECT_HAS(refusal("two"), "--force");
  write("two", Force::yes);
  EXPECT_EQ(text("elsewhere/target"), "later");
  EXPECT_TRUE(S_ISLNK(mode("one")) && S_ISLNK(mode("two")));
  fs::create_symlink("elsewhere/free", folder_ / "dangling");
  write("dangling");
  EXPECT_EQ(text("elsewhere/free"), "later");
  EXPECT_TRUE(S_ISLNK(mode("dangling")));
  fs::create_symlink("circle", folder_ / "circle");
  EXPECT_HAS(refusal("circle", Force::yes), "circle");
  fs::create_symlink("nowhere/at/all", folder_ / "lost");
  EXPECT_HAS(refusal("lost"), "is not a folder");
}

TEST_F(OutputPaths, PermissionsOfTheFormerFileAreKept) {
  const mode_t mask = ::umask(027);
  write("later");
  EXPECT_EQ(mode("later") & 0777, 0640u);
  ::chmod((folder_ / "later").c_str(), 0604);
  write("later", Force::yes);
  EXPECT_EQ(mode("later") & 0777, 0604u);
  ::umask(mask);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown((folder_ / "later").c_str(), 1234, 1235), 0);
    write("later", Force::yes);
    struct stat status = {};
    ::stat((folder_ / "later").c_str(), &status);
    EXPECT_EQ(status.st_uid, 1234u);
    EXPECT_EQ(status.st_gid, 1235u);
  }
}

// A file that another program creates or changes while ours is being written.
TEST_F(OutputPaths, FileChangedInTheMeantimeIsKept) {
  const auto ours = [](const fs::path& path) { return read_bytes(path).size() == 4; };
  for (const bool existed : {false, true}) {
    if (existed) write_text(folder_ / "a", "ours");
    AtomicFile file(OutputPath::named(folder_ / "a", Force::no, ours));
    file.write("later");
    write_text(folder_ / "a", "a user's");
    EXPECT_HAS(error_of<UsageError>([&] { file.commit(); }), "in the meantime");
    EXPECT_EQ(text("a"), "a user's");
    fs::remove(folder_ / "a");
    // Unless it is ours as well, by a second program that does the same.
    AtomicFile one(OutputPath::named(folder_ / "a", Force::no, ours));
    one.write("later");
    write_text(folder_ / "a", "ours");
    one.commit();
    EXPECT_EQ(text("a"), "later");
  }
}

// The same in the last moment, between our last check and the rename: a change that only the
// exchange of both files shows.
TEST_F(OutputPaths, FileChangedInTheLastMomentIsKept) {
  const auto ours = [](const fs::path&) { return true; };
  write_text(folder_ / "a", "ours");
  const auto status = run_traced(
      [&] { write_file_atomically(OutputPath::named(folder_ / "a", Force::no, ours), "later"); },
      [&](long call) {
        if (call == SYS_renameat2) write_text(folder_ / "a", "a user's");
        return Fault{};
      });
  if (!status) GTEST_SKIP() << "this system does not allow tracing";
  EXPECT_EQ(*status, 1 << 8);
  EXPECT_EQ(text("a"), "a user's");
}

TEST_F(OutputPaths, KilledAnywhereLeavesTheOldFileOrTheNew) {
  for (const long unsupported : {-1L, long{SYS_renameat2}}) {
    write_text(folder_ / "a", "old");
    const int kills = fail_everywhere(
        [&] { write("a", Force::yes); }, {.killed = true},
        [&](int n) {
          EXPECT_TRUE(text("a") == "old" || text("a") == "later") << n;
          sweep_scratch_folders(folder_.path());
          EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()),
                    1)
              << n;
          write_text(folder_ / "a", "old");
        },
        [&](long call) { return call == unsupported ? EINVAL : 0; });
    if (kills == 0) GTEST_SKIP() << "this system does not allow tracing";
  }
}

}  // namespace
}  // namespace pg::testing
