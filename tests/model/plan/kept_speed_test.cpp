// kept_speed_test.cpp: speeds that are kept, and files that hold none.
#include "model/plan/kept_speed.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

class KeptSpeed : public TemporaryFolder {
 protected:
  static Config config(int64_t resolution = 16) {
    Config c;
    resolve(c, {.resolution = resolution, .channels = 3, .images = 100});
    return c;
  }
  std::filesystem::path file(const Config& c, const std::string& device = "cpu") const {
    return speed_file(folder_, c, device);
  }
};

TEST_F(KeptSpeed, ComesBackAndGrows) {
  const Config c = config();
  EXPECT_FALSE(kept_speed(file(c), c.model));
  keep_speed(file(c), {.model = c.model, .images_per_second = {{4, 100.5}, {8, 50.0}}});
  keep_speed(file(c), {.model = c.model, .images_per_second = {{8, 40.0}, {16, 20.0}}});
  const auto kept = kept_speed(file(c), c.model);
  ASSERT_TRUE(kept);
  const ByResolution<double> expected = {{4, 100.5}, {8, 40.0}, {16, 20.0}};
  EXPECT_EQ(kept->images_per_second, expected);
}

TEST_F(KeptSpeed, BelongsToOneDeviceAndNetwork) {
  const Config c = config();
  EXPECT_NE(file(c), file(c, "another"));
  EXPECT_NE(file(c), file(config(32)));
  for (const char* change : {"model.fmap_max=64", "loss.gp_lambda=0", "schedule.max_minibatch=16",
                             "schedule.micro_batch=4", "train.threads=1", "train.precision=bf16"}) {
    Config other = c;
    set_assignment(other, change);
    EXPECT_NE(file(other), file(c)) << change;
  }
  Config longer = c;
  longer.schedule.total_kimg = 1.0;
  longer.schedule.lod_training_kimg = 0.1;
  longer.train.seed = 7;
  EXPECT_EQ(file(longer), file(c));
}

TEST_F(KeptSpeed, DamagedFilesHoldNone) {
  const Config c = config();
  for (const char* text :
       {"", "{", "[1]", "{\"format\": 2, \"images_per_second\": {\"8\": 1}}",
        "{\"format\": 1, \"images_per_second\": {}}", "{\"format\": 1, \"images_per_second\": 3}",
        "{\"format\": 1, \"images_per_second\": {\"8\": -1}}",
        "{\"format\": 1, \"images_per_second\": {\"9\": 1}}",
        "{\"format\": 1, \"images_per_second\": {\"many\": 1}}"}) {
    std::ofstream(file(c)) << text;
    EXPECT_FALSE(kept_speed(file(c), c.model)) << text;
  }
  keep_speed(file(c), {.model = c.model, .images_per_second = {{4, 1.0}}});
  EXPECT_TRUE(kept_speed(file(c), c.model));
}

}  // namespace
}  // namespace pg
