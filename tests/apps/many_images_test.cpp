// many_images_test.cpp: many images: ranges of seeds, interruptions, grids too large for memory.
#include <gtest/gtest.h>

#include "data/images/image.h"
#include "tests/apps/program.h"
#include "tests/paths.h"

namespace pg::test {
namespace {

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

class ManyImages : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(box_.run(tiny()).code, 0); }

  Outcome generate(const std::string& more) const { return box_.run("generate " + more); }

  size_t files_in(const std::string& folder) const {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(box_ / folder)) {
      ++count;
    }
    return count;
  }

  Sandbox box_;
};

TEST_F(ManyImages, TheHighestSeedEndsAtOnce) {
  const Outcome one = generate("--from 0 --seeds 18446744073709551615");
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_TRUE(std::filesystem::exists(box_ / "generated/seed18446744073709551615.png"));
  const Outcome last =
      generate("--from 0 --seeds 18446744073709551610-18446744073709551615 --out last");
  EXPECT_EQ(last.code, 0) << last.err;
  EXPECT_EQ(files_in("last"), 6u);
}

TEST_F(ManyImages, RangesOfTooManySeedsAreRejected) {
  for (const char* seeds :
       {"0-18446744073709551615", "0-1000000", "0-600000,0-600000", "5,0-999999"}) {
    const Outcome out = generate(std::string("--from 0 --seeds ") + seeds);
    EXPECT_EQ(out.code, 2) << seeds;
    EXPECT_HAS(out.err, "--seeds: expected at most 1000000 seeds");
  }
  for (const char* seeds : {"18446744073709551616", "0-18446744073709551616", "1,,2"}) {
    const Outcome out = generate(std::string("--from 0 --seeds ") + seeds);
    EXPECT_EQ(out.code, 2) << seeds;
    EXPECT_HAS(out.err, "--seeds: expected seeds or ranges such as 7, 0-63 or 1,5,9, got '" +
                            std::string(seeds) + "'");
  }
  const Outcome backwards = generate("--from 0 --seeds 1,9-3");
  EXPECT_EQ(backwards.code, 2);
  EXPECT_HAS(backwards.err, "--seeds: the range 9-3 runs backwards; write 3-9");
  const Outcome twice = generate("--from 0 --seeds 4,0-2,1 --out twice");
  EXPECT_EQ(twice.code, 2);
  EXPECT_HAS(twice.err, "--seeds: 1 is given twice");
}

// The shell interrupts the program when the first image is there.
TEST_F(ManyImages, AnInterruptionLeavesWholeImagesAndNothingElse) {
  const std::string command =
      "cd '" + box_.path().string() + "' && { '" + program() +
      "' generate --from 0 --seeds 0-999999 --batch 1 --out many --latents z.npy 2>err.txt & "
      "pid=$!; "
      "until [ -n \"$(ls many 2>/dev/null)\" ] || ! kill -0 $pid; do sleep 0.05; done; "
      "kill -TERM $pid; wait $pid; }";
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_HAS(box_.read("err.txt"), " of 1000000 images; ");
  EXPECT_GT(files_in("many"), 0u);
  for (const auto& entry : std::filesystem::directory_iterator(box_ / "many")) {
    EXPECT_EQ(entry.path().extension(), ".png");
    EXPECT_EQ(decode_file(entry.path()).width, 8);
  }
  for (const auto& entry : std::filesystem::directory_iterator(box_.path())) {
    EXPECT_EQ(entry.path().string().find(".tmp-"), std::string::npos) << entry.path();
  }
}

TEST_F(ManyImages, AGridIsRejectedBeforeItsImagesAreMade) {
  std::string larger = tiny("--set train.name=larger");
  larger.replace(larger.find("--resolution 8"), 14, "--resolution 64");
  larger.replace(larger.find("--kimg 0.128"), 12, "--kimg 0.008");
  ASSERT_EQ(box_.run(larger).code, 0);
  const Outcome large = generate("--seeds 0-999999 --out grid.png --from 1");
  EXPECT_EQ(large.code, 2);
  EXPECT_HAS(large.err, "grid.png: a PNG file cannot hold 64000x64000x3 samples");
  const Outcome video =
      box_.run("interpolate --from 0 --seconds 3600 --fps 240 --grid 9999x9999 --out frames");
  EXPECT_EQ(video.code, 2);
  EXPECT_HAS(video.err, "--grid: expected at most 4096 images, got 9999x9999");
  EXPECT_FALSE(std::filesystem::exists(box_ / "frames"));
}

}  // namespace
}  // namespace pg::test
