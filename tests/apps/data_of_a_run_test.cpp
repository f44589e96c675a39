// data_of_a_run_test.cpp: a run whose images are damaged, replaced or renamed.
#include <gtest/gtest.h>

#include <vector>

#include "data/images/png.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

Image noise(int seed) {
  Image image{8, 8, 3, {}};
  for (int i = 0; i < 8 * 8 * 3; ++i) {
    image.pixels.push_back(static_cast<uint8_t>((i * i + i * seed * 31 + seed) % 251));
  }
  return image;
}

void write_classes(const Sandbox& box, const std::vector<std::string>& names, int seed) {
  for (const std::string& name : names) {
    for (int i = 0; i < 8; ++i) {
      const auto folder = box / ("pics/" + name);
      std::filesystem::create_directories(folder);
      write_png(folder / (std::to_string(i) + ".png"), noise(seed++));
    }
  }
}

// `tiny` on a folder of images.
std::string small(const std::string& more = "") {
  return tiny(more.find("--data") == std::string::npos ? "--data pics " + more : more);
}

std::filesystem::path cached_level(const Sandbox& box, const std::string& name) {
  for (const auto& entry : std::filesystem::directory_iterator(box / "cache/progan_cuda")) {
    if (std::filesystem::exists(entry.path() / name)) return entry.path() / name;
  }
  return {};
}

void zero_pixels(const std::filesystem::path& level) {
  std::fstream file(level, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(128);
  file.write(std::string(200, '\0').data(), 200);
}

TEST(DataOfARun, ZeroedPixelsInTheCacheAreBuiltAgain) {
  const Sandbox box;
  write_classes(box, {"a"}, 1);
  ASSERT_EQ(box.run(small()).code, 0);
  zero_pixels(cached_level(box, "r0008.npy"));
  const Outcome again = box.run(small());
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_HAS(again.err, "r0008.npy is damaged");
  EXPECT_HAS(again.err, "the cache builds it again");
  EXPECT_EQ(box.run("dataset check " + cached_level(box, "r0008.npy").parent_path().string()).code,
            0);
}

TEST(DataOfARun, ZeroedPixelsInABuiltSetEndTheProgramBeforeTraining) {
  const Sandbox box;
  write_classes(box, {"a"}, 1);
  ASSERT_EQ(box.run("dataset build pics --out set").code, 0);
  zero_pixels(box / "set/r0004.npy");
  const Outcome damaged = box.run(small("--data set"));
  EXPECT_EQ(damaged.code, 1);
  EXPECT_HAS(damaged.err, "set/r0004.npy is damaged: its checksum differs");
  EXPECT_FALSE(std::filesystem::exists(box / "runs"));
}

TEST(DataOfARun, AResumeOnReplacedImagesSaysSo) {
  const Sandbox box;
  write_classes(box, {"a"}, 1);
  ASSERT_EQ(box.run(small()).code, 0);
  const Outcome same = box.run("train --resume --kimg 0.16");
  EXPECT_EQ(same.code, 0);
  EXPECT_EQ(same.err.find("not the images"), std::string::npos) << same.err;
  write_classes(box, {"a"}, 100);
  const Outcome other = box.run("train --resume --kimg 0.192");
  EXPECT_EQ(other.code, 0) << other.err;
  EXPECT_HAS(other.err + other.out, "these are not the images or classes that the run was trained");
}

TEST(DataOfARun, AResumeWithRenamedClassesIsRejectedWithNames) {
  const Sandbox box;
  write_classes(box, {"cats", "dogs"}, 1);
  ASSERT_EQ(box.run(small("--set model.conditioning=acgan")).code, 0);
  std::filesystem::rename(box / "pics/cats", box / "pics/zebras");
  const Outcome renamed = box.run("train --resume --kimg 0.16");
  EXPECT_EQ(renamed.code, 2);
  EXPECT_HAS(renamed.err, "trained on the classes cats/dogs, but pics has dogs/zebras");
  const Outcome accepted = box.run("train --resume --kimg 0.16 --set data.classes=");
  EXPECT_EQ(accepted.code, 0) << accepted.err;
  std::filesystem::rename(box / "pics/zebras", box / "pics/cats");
  EXPECT_EQ(box.run("train --resume --kimg 0.192").code, 2);
}

}  // namespace
}  // namespace pg::test
