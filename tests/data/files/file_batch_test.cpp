// file_batch_test.cpp: groups of small files appear whole, and nothing else stays.
#include "data/files/file_batch.h"

#include <sys/stat.h>

#include "data/files/atomic_file.h"
#include "kernels/error.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

std::string name(int i) { return "image" + std::to_string(i); }

void add(FileBatch& batch, const OutputPath& to, const std::string& text) {
  batch.add(to, {bytes_of(text)});
}

std::string text_of(const fs::path& path) {
  const std::vector<uint8_t> bytes = read_bytes(path);
  return {bytes.begin(), bytes.end()};
}

int64_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

bool is_ours(const fs::path&) { return true; }
bool is_foreign(const fs::path&) { return false; }

TEST(FileBatch, PublishesAllFilesAndLeavesNothingElse) {
  const TempFolder folder;
  {
    FileBatch batch(folder.path());
    for (int i = 0; i < 300; ++i) add(batch, folder / name(i), "text of " + name(i));
    EXPECT_GE(batch.published(), 256);  // whole groups
    batch.publish();
    EXPECT_EQ(batch.published(), 300);
  }
  EXPECT_EQ(entries(folder.path()), 300);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(text_of(folder / name(i)), "text of " + name(i));
}

TEST(FileBatch, NoFileHasItsNameBeforeItsGroupIsComplete) {
  const TempFolder folder;
  FileBatch batch(folder.path());
  add(batch, folder / "a", "a");
  EXPECT_FALSE(fs::exists(folder / "a"));
  batch.publish();
  EXPECT_EQ(text_of(folder / "a"), "a");
}

TEST(FileBatch, FilesThatWaitAreKeptWhenItEnds) {
  const TempFolder folder;
  {
    FileBatch batch(folder.path());
    add(batch, folder / "a", "a");
  }
  EXPECT_EQ(text_of(folder / "a"), "a");
  EXPECT_EQ(entries(folder.path()), 1);
}

TEST(FileBatch, ReplacesOwnFilesAndKeepsTheirPermissions) {
  const TempFolder folder;
  write_text(folder / "a", "old");
  fs::permissions(folder / "a", fs::perms(0640));
  FileBatch batch(folder.path());
  add(batch, OutputPath::named(folder / "a", Force::no, is_ours), "second");
  add(batch, OutputPath::named(folder / "a", Force::no, is_ours), "third");
  batch.publish();
  EXPECT_EQ(text_of(folder / "a"), "third");
  EXPECT_EQ(fs::status(folder / "a").permissions(), fs::perms(0640));
}

TEST(FileBatch, AFileOfAnotherProgramStaysAndOthersArePublished) {
  const TempFolder folder;
  {
    FileBatch batch(folder.path());
    for (const char* file : {"a", "b", "c"}) {
      add(batch, OutputPath::named(folder / file, Force::no, is_foreign), file);
    }
    write_text(folder / "b", "x");
    EXPECT_THROW(batch.publish(), UsageError);
  }
  EXPECT_EQ(text_of(folder / "a"), "a");
  EXPECT_EQ(text_of(folder / "b"), "x");
  EXPECT_EQ(text_of(folder / "c"), "c");
  EXPECT_EQ(entries(folder.path()), 3);
}

TEST(FileBatch, FollowsLinksToOtherFolders) {
  const TempFolder folder;
  fs::create_directory(folder / "disk");
  fs::create_symlink("disk/target", folder / "link");
  FileBatch batch(folder.path());
  add(batch, OutputPath::named(folder / "link", Force::no, is_ours), "a");
  EXPECT_EQ(text_of(folder / "disk/target"), "a");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
}

// A program that was killed leaves its scratch folder, without a lock.
TEST(FileBatch, TheFilesOfAKilledProgramAreRemoved) {
  const TempFolder folder;
  const std::string scratch = ".progan_cuda-0123456789abcdef0123456789abcdef";
  fs::create_directory(folder / scratch);
  const std::string signature = "This is a temporary folder of progan_cuda, " + scratch + ".\n";
  write_text(folder / scratch / "signature", signature);
  write_text(folder / scratch / "file-0", "x");
  write_text(folder / scratch / "file-17", "x");
  const FileBatch batch(folder.path());
  EXPECT_FALSE(fs::exists(folder / scratch));
}

}  // namespace
}  // namespace pg::testing
