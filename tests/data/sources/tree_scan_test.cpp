// tree_scan_test.cpp: odd entries, folders of other programs and our own images end no scan.
#include "data/sources/tree_scan.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "data/sources/source.h"
#include "tests/data/formats/zip_bytes.h"
#include "tests/data/support.h"
#include "tests/data/traced_child.h"

namespace pg::testing {
namespace {

using Strings = std::vector<std::string>;

class TreeScan : public ::testing::Test {
 protected:
  void add(const std::string& name) { write_image(folder_ / name, flat_image(4, {1, 2, 3})); }
  void add_own(const std::string& name) {
    fs::create_directories((folder_ / name).parent_path());
    write_png(folder_ / name, flat_image(4, {1, 2, 3}));
  }
  Tree scan() { return scan_tree(folder_.path()); }

  // The only note of a scan.
  std::string note() {
    const Tree tree = scan();
    EXPECT_EQ(tree.notes.size(), 1u);
    return tree.notes.empty() ? "" : tree.notes[0];
  }

  TempFolder folder_;
};

TEST_F(TreeScan, CountsAndNamesEntriesThatAreNoFiles) {
  add("a.png");
  fs::create_symlink("nothing", folder_ / "gone.png");
  fs::create_symlink("loop.png", folder_ / "loop.png");
  ASSERT_EQ(::mkfifo((folder_ / "pipe.png").c_str(), 0600), 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  const std::string name = (folder_ / "socket.png").string();
  ASSERT_LT(name.size(), sizeof address.sun_path);
  name.copy(address.sun_path, name.size());
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(socket);
  fs::create_symlink("/dev/zero", folder_ / "zero.png");
  const Tree tree = scan();
  EXPECT_EQ(tree.files, Strings{"a.png"});
  EXPECT_EQ(tree.ignored, 5);
  EXPECT_HAS(note(),
             "skipped 5 entries that are not files: gone.png (a link to nowhere), "
             "loop.png (Too many levels of symbolic links), pipe.png (a FIFO), ...");
}

TEST_F(TreeScan, SkipsFoldersThatCannotBeRead) {
  add("a.png");
  add("locked/b.png");
  const fs::path locked = folder_ / "locked";
  // Root may read any folder, so the system call fails instead.
  const auto status = run_traced(
      [&] {
        const Tree tree = scan();
        if (tree.files != Strings{"a.png"} ||
            tree.notes != Strings{"skipped 1 unreadable folder: locked (Permission denied)"}) {
          throw std::runtime_error("");
        }
      },
      [opened = 0](long call) mutable -> Fault {
        if (call != SYS_openat) return {};
        return {.error = ++opened == 2 ? EACCES : 0};  // the root, then the folder
      });
  if (!status) GTEST_SKIP() << "this system does not allow tracing";
  EXPECT_EQ(*status, 0);
}

TEST_F(TreeScan, GoesAsDeepAsPathsReach) {
  add("a.png");
  // Deeper than a path can be long, made step by step.
  const fs::path before = fs::current_path();
  const std::string part(250, 'd');
  fs::current_path(folder_.path());
  for (int i = 0; i < 20; ++i) {
    fs::create_directory(part);
    fs::current_path(part);
  }
  fs::current_path(before);
  const Tree tree = scan();
  EXPECT_EQ(tree.files, Strings{"a.png"});
  ASSERT_EQ(tree.notes.size(), 1u);
  EXPECT_HAS(tree.notes[0], "File name too long");
  // remove_all of the test's folder cannot reach the end either.
  EXPECT_EQ(std::system(("rm -rf " + (folder_ / part).string()).c_str()), 0);
}

TEST_F(TreeScan, SkipsFoldersOfOtherPrograms) {
  for (const char* name :
       {"cats/1.png", "cats/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg", "$RECYCLE.BIN/2.png",
        "__MACOSX/3.png", ".thumbnails/4.png", "lost+found/5.png", "#recycle/6.png",
        "Thumbnails/7.png", "a.lrdata/8.png"}) {
    add(name);
  }
  EXPECT_EQ(scan().files, Strings{"cats/1.png"});
  EXPECT_HAS(note(), "skipped 8 folders of other programs: #recycle, $RECYCLE.BIN, .thumbnails, ");
  // Named itself, such a folder is used.
  EXPECT_EQ(scan_tree(folder_ / "cats/@eaDir").files.size(), 1u);
}

TEST_F(TreeScan, SkipsImagesThatThisProgramWrote) {
  add("photo.png");
  add_own("sheet.png");
  add_own("generated/seed000001.png");
  add_own("runs/00000-x/fakes000000.png");
  write_text(folder_ / "runs/00000-x/config.toml", "# Configuration of progan_cuda, for ...\n");
  write_text(folder_ / "runs/00000-x/stats.jsonl", "");
  write_image(folder_ / "runs/00000-x/reals.png", flat_image(4, {1}));  // of an older program
  const Tree tree = scan();
  EXPECT_EQ(tree.files, Strings{"photo.png"});
  EXPECT_EQ(tree.notes,
            (Strings{"skipped 2 images that progan_cuda wrote: generated/seed000001.png, sheet.png",
                     "skipped 1 run folder of progan_cuda: runs/00000-x"}));
}

TEST_F(TreeScan, UsesOwnImagesIfThereAreNoOthers) {
  add_own("b/seed000002.png");
  add_own("a/seed000001.png");
  EXPECT_EQ(scan().files, (Strings{"a/seed000001.png", "b/seed000002.png"}));
  EXPECT_HAS(note(), "all images, 2, were written by progan_cuda; they are used");
  write_text(folder_ / "broken.png", "not an image");
  EXPECT_EQ(scan().files.size(), 3u);
}

TEST_F(TreeScan, ZipsAreSortedOutLikewise) {
  add("a.png");
  add_own("own.png");
  const auto text = [&](const char* name) {
    const std::vector<uint8_t> bytes = read_bytes(folder_ / name);
    return std::string(bytes.begin(), bytes.end());
  };
  const std::string a = text("a.png"), own = text("own.png");
  const auto open = [&](const std::vector<test::ZipEntry>& entries) {
    write_text(folder_ / "set.zip", test::zip_bytes(entries));
    return open_source((folder_ / "set.zip").string());
  };
  const auto mixed = open({{"x/a.png", a}, {"x/@eaDir/a.png/T.png", a}, {"x/sheet.png", own}});
  ASSERT_EQ(mixed->count(), 1);
  EXPECT_EQ(mixed->name(0), "x/a.png");
  EXPECT_EQ(mixed->notes(), (Strings{"skipped 1 file of other programs: x/@eaDir/a.png/T.png",
                                     "skipped 1 image that progan_cuda wrote: x/sheet.png"}));
  EXPECT_EQ(open({{"1.png", own}, {"2.png", own}})->count(), 2);
}

}  // namespace
}  // namespace pg::testing
