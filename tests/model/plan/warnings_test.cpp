// warnings_test.cpp: runs that are unusual, and runs that are not.
#include "model/plan/warnings.h"

#include <gtest/gtest.h>

namespace pg {
namespace {

Config run(int64_t images) {
  Config c;
  resolve(c, {.resolution = 64, .channels = 3, .images = images});
  return c;
}

// The only warning, or all of them in one text.
std::string warning(const Config& c, double seconds = 0.0) {
  std::string all;
  for (const std::string& one : run_warnings(c, seconds)) all += one;
  return all;
}

TEST(RunWarnings, AreSilentAboutAnOrdinaryRun) {
  EXPECT_EQ(warning(run(2400)), "");
  EXPECT_EQ(warning(run(2400), 7 * 24 * 3600.0), "");
  EXPECT_EQ(warning(run(0)), "");  // unknown
}

TEST(RunWarnings, NameWhatIsUnusual) {
  EXPECT_NE(warning(run(2400), 8 * 24 * 3600.0).find("takes about 8d 00h"), std::string::npos);
  EXPECT_NE(warning(run(2000)).find("shown about 6000 times"), std::string::npos);
  Config c = run(99);
  c.schedule.total_kimg = 400.0;
  c.schedule.lod_training_kimg = c.schedule.lod_transition_kimg = 20.0;
  EXPECT_NE(warning(c).find("only 99 images"), std::string::npos) << warning(c);
  c = run(2400);
  c.schedule.total_kimg = 0.4;
  EXPECT_NE(warning(c).find("ends in the 4x4 stage, of 64x64"), std::string::npos);
}

TEST(DiskWarning, ComparesWithFreeSpace) {
  EXPECT_EQ(disk_warning(run(1000), int64_t{1} << 50), "");
  EXPECT_NE(disk_warning(run(1000), 1000).find("only 1.00 KB free"), std::string::npos)
      << disk_warning(run(1000), 1000);
}

}  // namespace
}  // namespace pg
