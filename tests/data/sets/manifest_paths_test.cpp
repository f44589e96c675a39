// manifest_paths_test.cpp: dataset.json names files relative to their source.
#include <gtest/gtest.h>

#include "data/sets/manifest.h"

namespace pg {
namespace {

Manifest stripped(const std::string& where, const std::string& reason) {
  Manifest m;
  m.source = where;
  m.rejected.push_back({"a.png", reason});
  strip_paths(m, where);
  return m;
}

TEST(ManifestPaths, TheSourceIsItsLastPart) {
  EXPECT_EQ(stripped("/path/to/pics", "").source, "pics");
  EXPECT_EQ(stripped("/path/to/pics//", "").source, "pics");
  EXPECT_EQ(stripped("../pics.zip", "").source, "pics.zip");
  EXPECT_EQ(stripped("builtin:shapes:64", "").source, "builtin:shapes:64");
  EXPECT_NE(stripped(".", "").source, ".");
  EXPECT_EQ(stripped("/", "").source, "");
}

TEST(ManifestPaths, ReasonsNameFilesRelativeToTheSource) {
  const auto reason = [](const std::string& where, const std::string& text) {
    return stripped(where, text).rejected[0].reason;
  };
  EXPECT_EQ(reason("/path/to/pics", "/path/to/pics/b/a.png is empty"), "b/a.png is empty");
  EXPECT_EQ(reason("/path/to/pics/", "cannot read '/path/to/pics/a.png'"), "cannot read 'a.png'");
  EXPECT_EQ(reason("/path/to/my pics", "cannot read /path/to/my pics/a.png: EIO"),
            "cannot read a.png: EIO");
  EXPECT_EQ(reason("/path/to/p.zip", "/path/to/p.zip is damaged"), "p.zip is damaged");
  EXPECT_EQ(reason("../p/x-r04.tfrecords", "../p/x-rxx.labels is short"), "x-rxx.labels is short");
  EXPECT_EQ(reason(".", "./a.png is ... empty"), "a.png is ... empty");
  // A class of the same name as the folder above.
  EXPECT_EQ(reason("b/pics", "b/pics/b/a.png is empty"), "b/a.png is empty");
  EXPECT_EQ(reason("pics", "other/pics/a.png"), "other/pics/a.png");
}

}  // namespace
}  // namespace pg
