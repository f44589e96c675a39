// config_set_test.cpp: values and names of settings on the command line.
#include <gtest/gtest.h>

#include "kernels/error.h"
#include "model/config/config.h"
#include "model/config/config_keys.h"
#include "model/config/schedule.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

std::string set_error(const std::string& key, const std::string& value) {
  Config config;
  return error_of<UsageError>([&] { set_key(config, key, value); });
}

TEST(ConfigSet, ParsesValuesFromTheCommandLine) {
  Config c;
  set_assignment(c, "model.fmap_max=128");
  set_assignment(c, "schedule.total_kimg=1.5e3");
  set_assignment(c, "data.path=photos = mine/2024");
  set_assignment(c, "data.mirror=true");
  set_assignment(c, "data.fit=pad");
  set_assignment(c, "train.precision=bf16");
  set_assignment(c, "train.out=\"with \\\"quotes\\\"\"");
  set_assignment(c, "schedule.minibatch={4 = 64, 8 = 32}");
  set_assignment(c, "schedule.minibatch.16=8");
  set_assignment(c, "optimizer.learning_rate.512=0.002");
  EXPECT_EQ(c.model.fmap_max, 128);
  EXPECT_EQ(c.schedule.total_kimg, 1500.0);
  EXPECT_EQ(c.data.path, "photos = mine/2024");
  EXPECT_TRUE(c.data.mirror);
  EXPECT_EQ(c.data.fit, Fit::pad);
  EXPECT_EQ(c.train.precision, Precision::bf16);
  EXPECT_EQ(c.train.out, "with \"quotes\"");
  EXPECT_EQ(c.schedule.minibatch, (ByResolution<int64_t>{{4, 64}, {8, 32}, {16, 8}}));
  EXPECT_EQ(c.optimizer.learning_rate, (ByResolution<double>{{512, 0.002}, {1024, 0.0015}}));
  EXPECT_EQ(get_key(c, "data.fit"), "\"pad\"");
}

TEST(ConfigSet, RejectsValuesThatAreNotAllowed) {
  EXPECT_EQ(
      set_error("model.resolution", "100"),
      "model.resolution: expected a power of two from 4 to 1024, or 0, got 100; did you mean 128?");
  EXPECT_EQ(set_error("loss.gp_space", "ful"),
            "loss.gp_space: expected full or current, got \"ful\"; did you mean full?");
  EXPECT_EQ(set_error("model.leaky_slope", "steep"),
            "model.leaky_slope: expected a number from 0 to 1, got 'steep'");
  EXPECT_EQ(set_error("train.device", "gpu"),
            "train.device: expected auto, cpu, cuda or cuda:I, got \"gpu\"; did you mean cuda?");
  for (const char* grid : {"8", "x8", "8x", "0x8", "8x8x8", "-1x4", "99999x1"}) {
    EXPECT_NE(set_error("train.image_grid", grid).find("ROWSxCOLUMNS"), std::string::npos) << grid;
  }
  for (const char* number : {"nan", "inf", "-1", "", "1 2", "1\nother = 2", "true", "\"1\""}) {
    EXPECT_NE(set_error("loss.gp_lambda", number).find("expected a number"), std::string::npos)
        << number;
  }
  for (const char* table : {"{5 = 1}", "{4 = 0}", "{4 = 1.5}", "{2048 = 1}", "{a = 1}", "3"}) {
    EXPECT_NE(set_error("schedule.minibatch", table).find("expected a table"), std::string::npos)
        << table;
  }
  EXPECT_NE(set_error("schedule.minibatch", "16")
                .find("; for all resolutions: schedule.minibatch_base, with schedule.minibatch={}"),
            std::string::npos);
  EXPECT_NE(set_error("optimizer.learning_rate", "0.001")
                .find("; for all resolutions: optimizer.g_learning_rate and "
                      "optimizer.d_learning_rate, with optimizer.learning_rate={}"),
            std::string::npos);
  for (const char* table : {"fast", "{4 = -1}"}) {
    EXPECT_EQ(set_error("optimizer.learning_rate", table).find("for all"), std::string::npos);
  }
  EXPECT_NE(set_error("schedule.minibatch.5", "4").find("expected a table"), std::string::npos);
}

// The advice of the error for a number in place of a table.
TEST(ConfigSet, OneNumberHoldsForAllResolutionsWithAnEmptyTable) {
  Config c;
  set_assignment(c, "schedule.minibatch_base=5");
  EXPECT_EQ(minibatch_at(c, 4), 128);
  set_assignment(c, "schedule.minibatch={}");
  set_assignment(c, "optimizer.g_learning_rate=0.5");
  set_assignment(c, "optimizer.learning_rate={}");
  c.model.resolution = 1024;
  for (const int64_t resolution : {4, 1024}) EXPECT_EQ(minibatch_at(c, resolution), 5);
  EXPECT_EQ(schedule_at(c, 12'000'000).g_learning_rate, 0.5);
}

TEST(ConfigSet, UnknownNamesSuggestTheNearest) {
  EXPECT_EQ(set_error("model.fmaps_max", "1"),
            "unknown key 'model.fmaps_max': did you mean 'model.fmap_max'?");
  EXPECT_EQ(set_error("model.total_kimg", "1"),
            "unknown key 'model.total_kimg': did you mean 'schedule.total_kimg'?");
  EXPECT_EQ(set_error("zzz", "1"),
            "unknown key 'zzz'; `progan_cuda config --describe` lists all keys");
  EXPECT_EQ(error_of<UsageError>([] { preset("oficial-tf"); }),
            "unknown preset 'oficial-tf': did you mean 'official-tf'?");
  EXPECT_NE(set_error("train.preset", "official-tf").find("--preset"), std::string::npos);
  Config c;
  EXPECT_NE(error_of<UsageError>([&] { set_assignment(c, "data.mirror"); }).find("KEY=VALUE"),
            std::string::npos);
}

}  // namespace
}  // namespace pg
