// cache_test.cpp: the command `cache`, and the settings that are part of the key of a cached set.
#include <gtest/gtest.h>

#include "tests/apps/program.h"
#include "tests/data/support.h"

namespace pg::test {
namespace {

TEST(CacheCommand, ListsAndClears) {
  const Sandbox box;
  pg::testing::write_image(box / "set/a.png", pg::testing::random_image(8, 8, 4));
  const Outcome first = box.run(tiny("--data set"));
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_HAS(first.err, "the images are kept in ");
  EXPECT_HAS(first.err, "hint: 1 of 1 images have transparent parts");
  const Outcome white = box.run(tiny("--data set --set data.background=white"));
  ASSERT_EQ(white.code, 0) << white.err;
  EXPECT_EQ(white.err.find("hint:"), std::string::npos) << white.err;
  const Outcome list = box.run("cache list");
  EXPECT_HAS(list.out, "1 image of 8x8x3 from set");
  EXPECT_HAS(list.out, "data sets   2, ");
  EXPECT_EQ(box.run("cache clear 0123456789abcdef").code, 2);
  const Outcome clear = box.run("cache clear");
  EXPECT_EQ(clear.code, 0) << clear.err;
  EXPECT_HAS(clear.out, "removed 2 data sets");
  EXPECT_HAS(box.run("cache list").out, "data sets   0");
}

TEST(CacheCommand, BadSettingsAreRejectedBeforeAnythingIsRead) {
  const Sandbox box;
  const Outcome o = box.run(tiny("--set data.range=dark"));
  EXPECT_EQ(o.code, 2);
  EXPECT_HAS(o.err, "data.range: expected full, auto or LOW-HIGH");
}

}  // namespace
}  // namespace pg::test
