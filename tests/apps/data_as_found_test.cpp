// data_as_found_test.cpp: folders of images as people have them.
#include <gtest/gtest.h>

#include "tests/apps/program.h"
#include "tests/data/support.h"

namespace pg::test {
namespace {

using pg::testing::random_image;
using pg::testing::write_image;

class DataAsFound : public ::testing::Test {
 protected:
  void add(const std::string& name, uint64_t seed, int64_t channels = 3) {
    write_image(box_ / name, random_image(8, 8, channels, seed));
  }
  // A run of tiny() on other images.
  Outcome train(const std::string& data, const std::string& more = "") {
    return box_.run(tiny(pg::message("--data ", data, " ", more)));
  }
  Sandbox box_;
};

TEST_F(DataAsFound, TrainingInTheFolderOfTheImagesTwiceUsesTheSameImages) {
  for (uint64_t i = 0; i < 4; ++i) add(pg::message("a", i, ".png"), i);
  const Outcome first = train("."), second = train(".");
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_NE(second.err.find("skipped 1 run folder of progan_cuda: runs/00000-"), std::string::npos)
      << second.err;
  for (const Outcome& o : {first, second}) {
    EXPECT_NE(o.err.find("4 images of 8x8"), std::string::npos) << o.err;
    EXPECT_EQ(o.err.find("class"), std::string::npos) << o.err;
  }
}

TEST_F(DataAsFound, ClassesArePrintedWhetherTheyAreUsedOrNot) {
  add("set/images/cats/a.png", 1);
  add("set/images/dogs/b.png", 2);
  add("set/images/dogs/c.png", 3);
  const std::string classes("2 classes: cats (1), dogs (2)");
  const Outcome unused = train("set"), used = train("set", "--set model.conditioning=acgan");
  EXPECT_EQ(unused.code, 0) << unused.err;
  EXPECT_NE(
      unused.err.find(pg::message("the images have ", classes, "; this run does not use them")),
      std::string::npos)
      << unused.err;
  EXPECT_EQ(used.code, 0) << used.err;
  EXPECT_NE(used.err.find(pg::message(classes, "\n")), std::string::npos) << used.err;
  const Outcome built = box_.run("dataset build set --out built --resolution 8");
  EXPECT_NE(built.out.find(classes), std::string::npos) << built.out;
}

TEST_F(DataAsFound, NotesOfTheScanArePrintedByEveryCommand) {
  add("set/a.png", 1);
  add("set/@eaDir/a.png/T.png", 2);
  for (const std::string command :
       {"dataset check set", "dataset build set --out built --resolution 8"}) {
    const Outcome o = box_.run(command);
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(o.err, "note: skipped 1 folder of other programs: @eaDir\n") << command;
  }
}

}  // namespace
}  // namespace pg::test
