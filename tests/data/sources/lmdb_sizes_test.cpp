// lmdb_sizes_test.cpp: databases that hold every image in several sizes.
#include "data/sources/source.h"
#include "tests/data/formats/lmdb_writer.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

class LmdbSizes : public ::testing::Test {
 protected:
  std::vector<uint8_t> png(int64_t side, uint64_t seed) {
    write_image(folder_ / "x.png", random_image(side, side, 3, seed));
    return read_bytes(folder_ / "x.png");
  }
  std::unique_ptr<ImageSource> open(const LmdbEntries& entries) {
    write_lmdb(folder_ / "set", entries);
    return open_source((folder_ / "set").string());
  }
  TempFolder folder_;
};

TEST_F(LmdbSizes, OnlyTheLargestIsUsed) {
  const auto source = open({{"16-00000", png(16, 1)},
                            {"16-00001", png(16, 2)},
                            {"8-00000", png(8, 1)},
                            {"8-00001", png(8, 2)},
                            {"length", {'2'}}});
  ASSERT_EQ(source->count(), 2);
  EXPECT_EQ(source->name(1), "16-00001");
  EXPECT_EQ(source->load(1).width, 16);
  ASSERT_EQ(source->notes().size(), 1u);
  EXPECT_HAS(source->notes()[0], "in 2 sizes (8, 16): the 2 of size 16 are used");
}

TEST_F(LmdbSizes, OtherKeysMeanSingleImages) {
  EXPECT_EQ(open({{"16-00000", png(16, 1)}, {"8-0", png(8, 1)}})->count(), 2);
}

TEST_F(LmdbSizes, TheNumberOfImagesIsNoImage) {
  const auto source = open({{"16-00000", png(16, 1)}, {"length", {'1'}}});
  EXPECT_EQ(source->count(), 1);
  EXPECT_TRUE(source->notes().empty());
}

}  // namespace
}  // namespace pg::testing
