// slow_note_test.cpp: a sentence appears only if the work is slow.
#include "apps/slow_note.h"

#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

using std::chrono::milliseconds;

TEST(SlowNote, AppearsOnceForSlowWorkOnly) {
  ::testing::internal::CaptureStderr();
  { const apps::SlowNote quick("quick", std::chrono::hours(1)); }
  {
    const apps::SlowNote slow(apps::looking_for_images("a\nb"), milliseconds(1));
    std::this_thread::sleep_for(milliseconds(300));
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "looking for images in 'a\\nb' ...\n");
}

TEST(WholeFileSystem, IsNoSetOfImages) {
  const Sandbox box;
  for (const char* command : {"train /", "train --data //", "dataset check /", "plan --data /.."}) {
    const Outcome o = box.run(command);
    EXPECT_EQ(o.code, 2) << command;
    EXPECT_NE(o.err.find("name the folder that holds the images"), std::string::npos) << o.err;
  }
}

}  // namespace
}  // namespace pg::test
