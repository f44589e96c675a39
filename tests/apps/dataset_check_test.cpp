// dataset_check_test.cpp: the command `dataset check`.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "data/images/image.h"
#include "data/images/png.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

Image picture(int64_t height, int64_t width, int seed) {
  Image image{height, width, 3, {}};
  for (int64_t i = 0; i < height * width * 3; ++i) {
    image.pixels.push_back(static_cast<uint8_t>((i * i + i * seed * 31) % 251));
  }
  return image;
}

TEST(DatasetCheck, ReportsAFolderAsTextAndJson) {
  const Sandbox box;
  std::filesystem::create_directories(box / "set/cats");
  write_png(box / "set/cats/a.png", picture(12, 9, 1));
  write_png(box / "set/cats/b.png", picture(12, 9, 1));
  write_png(box / "set/cats/c\x1b[31m.png", picture(20, 20, 2));
  box.write("set/dogs/bro\xffken.jpg", "no picture");
  const Outcome text = box.run("dataset check set --resolution 16 --sheet sheet.png --pairs p.png");
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_HAS(text.out, "3 usable of 4, 1 broken");
  EXPECT_HAS(text.out, "  dogs/bro\\xffken.jpg: is not a JPEG, PNG, WebP or BMP image");
  EXPECT_HAS(text.out, "cats/a.png = cats/b.png");
  EXPECT_HAS(text.out, "smaller     2 than 16x16");
  EXPECT_HAS(text.out, "cats/c\\x1b[31m.png");
  EXPECT_EQ(text.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(decode_file(box / "sheet.png").width, 3 * 96);
  EXPECT_EQ(decode_file(box / "p.png").width, 2 * 92 + 4);

  const Outcome json = box.run("dataset check set --json");
  EXPECT_EQ(json.code, 0) << json.err;
  const auto report = nlohmann::json::parse(json.out);
  EXPECT_EQ(report["usable"], 3);
  EXPECT_EQ(report["copies"], 1);
  EXPECT_EQ(report["classes"][0]["name"], "cats");
  EXPECT_EQ(report["broken_images"].size(), 1u);
  EXPECT_EQ(report["sizes"]["largest"]["width"], 20);
}

TEST(DatasetCheck, FailsIfNoImageIsUsable) {
  const Sandbox box;
  box.write("set/a.png", "words");
  const Outcome none = box.run("dataset check set --sheet sheet.png");
  EXPECT_EQ(none.code, 1);
  EXPECT_HAS(none.out, "0 usable of 1, 1 broken");
  EXPECT_HAS(none.err, "no image in set is usable; the first, a.png, is not a JPEG, PNG, WebP");
  EXPECT_FALSE(std::filesystem::exists(box / "sheet.png"));
  EXPECT_EQ(box.run("dataset check nowhere").code, 1);
  EXPECT_EQ(box.run("dataset check builtin:shapes:4 --fit round").code, 2);
  EXPECT_EQ(box.run("dataset check builtin:shapes:4 --resolution 100").code, 2);
}

TEST(DatasetCheck, VerifiesTheChecksumsOfABuiltSetFirst) {
  const Sandbox box;
  ASSERT_EQ(box.run("dataset build builtin:shapes:20 --out set --resolution 16").code, 0);
  const Outcome sound = box.run("dataset check set");
  EXPECT_EQ(sound.code, 0) << sound.err;
  EXPECT_HAS(sound.out, "20 usable of 20");
  EXPECT_HAS(sound.out, "16x16: 20");
  std::fstream level(box / "set/r0008.npy", std::ios::in | std::ios::out | std::ios::binary);
  level.seekp(200);
  level.put('\x7f').put('\x01').put('\x55');
  level.close();
  const Outcome damaged = box.run("dataset check set");
  EXPECT_EQ(damaged.code, 1);
  EXPECT_HAS(damaged.err, "r0008.npy");
}

TEST(DatasetCheck, CtrlCStopsItWithoutOutput) {
  const Sandbox box;
  const Outcome stopped = box.run("dataset check builtin:shapes:10000000 --sheet sheet.png",
                                  "timeout --preserve-status --signal INT 0.5");
  EXPECT_EQ(stopped.code, 1);
  EXPECT_HAS(stopped.err, "stopped after ");
  EXPECT_EQ(stopped.out, "");
  EXPECT_FALSE(std::filesystem::exists(box / "sheet.png"));
}

}  // namespace
}  // namespace pg::test
