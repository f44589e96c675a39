// config_test.cpp: keys, presets, TOML, and error messages.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "kernels/error.h"
#include "model/config/config.h"
#include "model/config/config_keys.h"
#include "model/config/config_names.h"
#include "model/config/suggest.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

class ConfigFile : public TemporaryFolder {
 protected:
  void SetUp() override {
    TemporaryFolder::SetUp();
    path_ = folder_ / "run.toml";
  }

  Config read(const std::string& text) {
    write_text(path_, text);
    Config config;
    read_toml(config, path_);
    return config;
  }

  template <typename E>
  std::string read_error(const std::string& text) {
    return error_of<E>([&] { read(text); });
  }

  std::filesystem::path path_;
};

// An allowed value that differs from the default.
KeyValue other_value(const Key& key) {
  const KeyValue now = key.get(Config{});
  switch (key.kind) {
    case KeyKind::flag:
      return !std::get<bool>(now);
    case KeyKind::integer:
      return key.form == KeyForm::any ? std::get<int64_t>(now) + 1 : int64_t{64};
    case KeyKind::number:
      return std::nextafter(std::get<double>(now), 0.7);
    case KeyKind::text:
      if (key.form == KeyForm::device) return std::string("cuda:1");
      if (key.form == KeyForm::grid) return std::string("3x5");
      if (key.form == KeyForm::bytes) return std::string("3GiB");
      return std::string("a \"quoted\" \\ \n\ttext \x01 \xc3\xa9 \u009b \u202e \ufeff \U000e0041");
    case KeyKind::choice:
      return std::string(key.names.back());
    case KeyKind::integer_table:
      return std::map<int64_t, double>{{8, 24.0}};
    case KeyKind::number_table:
      return std::map<int64_t, double>{{8, 3.5}};
  }
  return now;
}

TEST(Config, DefaultsAreTheOfficialPreset) {
  EXPECT_EQ(to_toml(Config{}), to_toml(preset("official-tf")));
  EXPECT_EQ(preset_names().front(), "official-tf");
  EXPECT_NO_THROW(validate(Config{}));
}

TEST(Config, DefaultsAreThePublishedNumbers) {
  const Config c;
  EXPECT_EQ(c.model.first_layer_gain, std::sqrt(2.0) / 4.0);
  EXPECT_EQ(latent_size(c), 512);
  const std::vector<int64_t> published = {512, 512, 512, 512, 256, 128, 64, 32, 16};
  for (size_t s = 1; s <= published.size(); ++s) {
    EXPECT_EQ(fmaps(c.model, static_cast<int64_t>(s)), published[s - 1]) << "stage " << s;
  }
}

TEST(Config, FmapsAreRoundedDownAndAtLeastOne) {
  Config c;
  c.model.fmap_base = 100;
  c.model.fmap_decay = 0.5;
  c.model.fmap_max = 90;
  EXPECT_EQ(fmaps(c.model, 0), 90);
  EXPECT_EQ(fmaps(c.model, 1), 70);
  EXPECT_EQ(fmaps(c.model, 2), 50);
  EXPECT_EQ(fmaps(c.model, 20), 1);
}

TEST_F(ConfigFile, EveryKeySurvivesWritingAndReading) {
  Config changed;
  for (const Key& key : keys()) {
    if (key.path == "train.preset") continue;
    const KeyValue value = checked(key, other_value(key));
    EXPECT_TRUE(value != key.get(changed) || key.names.size() == 1) << key.path;
    key.set(changed, value);
    EXPECT_EQ(key.get(changed), value) << key.path;
  }
  const Config back = read(to_toml(changed));
  for (const Key& key : keys()) EXPECT_EQ(key.get(back), key.get(changed)) << key.path;
}

TEST(Config, EveryKeyChangesOnlyItsOwnMember) {
  for (const Key& key : keys()) {
    Config changed;
    if (key.names.size() == 1) continue;
    key.set(changed, other_value(key));
    for (const Key& other : keys()) {
      const bool same = other.get(changed) == other.get(Config{});
      EXPECT_EQ(same, other.path != key.path) << key.path << " against " << other.path;
    }
  }
}

TEST_F(ConfigFile, SetsItsKeysAndKeepsTheRest) {
  const Config c = read("[model]\nfmap_max = 64\n[optimizer]\nbeta2 = 1e-1\n");
  EXPECT_EQ(c.model.fmap_max, 64);
  EXPECT_EQ(c.optimizer.beta2, 0.1);
  EXPECT_EQ(c.model.fmap_base, 8192);
}

TEST_F(ConfigFile, TableReplacesAndEmptyFileChangesNothing) {
  const Config c = read("[schedule.minibatch]\n4 = 32\n\"8\" = 16\n");
  EXPECT_EQ(c.schedule.minibatch, (ByResolution<int64_t>{{4, 32}, {8, 16}}));
  EXPECT_EQ(to_toml(read("")), to_toml(Config{}));
}

TEST(Config, TextRestoresTheConfig) {
  Config c;
  c.model.fmap_max = 33;
  EXPECT_EQ(to_toml(config_from_toml(to_toml(c), "checkpoint")), to_toml(c));
  EXPECT_EQ(error_of<UsageError>([] { config_from_toml("[model]\nfmap_max = 0", "checkpoint"); }),
            "checkpoint:2: model.fmap_max: expected an integer from 1 to 8192, got 0");
}

TEST_F(ConfigFile, PresetInFileIsTheBase) {
  write_text(path_, "[train]\npreset = \"official-tf\"\n[model]\nfmap_max = 32\n");
  Config c;
  c.model.fmap_base = 17;
  read_toml(c, path_);
  EXPECT_EQ(c.model.fmap_base, 8192);
  EXPECT_EQ(c.model.fmap_max, 32);
}

TEST_F(ConfigFile, UnknownKeyNamesPlaceAndNearest) {
  EXPECT_EQ(read_error<UsageError>("[schedule]\ntotal_kimg = 5\nlod_trainig_kimg = 6\n"),
            path_.string() +
                ":3: unknown key 'schedule.lod_trainig_kimg': did you mean "
                "'schedule.lod_training_kimg'?");
  EXPECT_EQ(read_error<UsageError>("lod_training_kimg = 6\n"),
            path_.string() +
                ":1: unknown key 'lod_training_kimg': did you mean 'schedule.lod_training_kimg'?");
  EXPECT_NE(read_error<UsageError>("[modle]\nresolution = 6\n").find("'model.resolution'"),
            std::string::npos);
}

TEST_F(ConfigFile, WrongValueNamesPlaceKeyAndAllowedValues) {
  EXPECT_EQ(
      read_error<UsageError>("[schedule]\nminibatch_repeats = 0\n"),
      path_.string() + ":2: schedule.minibatch_repeats: expected an integer from 1 to 1000, got 0");
  EXPECT_NE(read_error<UsageError>("[model]\nfmap_max = [1]\n").find("got [ 1 ]"),
            std::string::npos);
  EXPECT_NE(read_error<UsageError>("[model]\nfmap_max = 2000-01-01\n").find("model.fmap_max"),
            std::string::npos);
  EXPECT_NE(read_error<UsageError>("[train]\npreset = 3\n").find(":2: "), std::string::npos);
}

TEST_F(ConfigFile, FailedReadLeavesTheConfigUnchanged) {
  write_text(path_, "[model]\nfmap_max = 7\nfmap_mx = 1\n");
  Config c;
  EXPECT_THROW(read_toml(c, path_), UsageError);
  EXPECT_EQ(c.model.fmap_max, 512);
}

TEST_F(ConfigFile, BrokenTomlNamesFileAndLine) {
  const std::string error = read_error<FormatError>("[model]\nfmap_max = \n");
  EXPECT_EQ(error.find(path_.string() + ":2: not valid TOML: "), 0u) << error;
}

TEST_F(ConfigFile, MissingFileAndFolderAreIoErrors) {
  Config c;
  EXPECT_THROW(read_toml(c, path_), IoError);
  EXPECT_THROW(read_toml(c, folder_), IoError);
}

TEST(ConfigValidate, NamesConflictingValues) {
  Config c;
  c.model.resolution = 64;
  c.schedule.lod_initial_resolution = 128;
  EXPECT_NE(error_of<UsageError>([&] {
              validate(c);
            }).find("expected at most model.resolution, 64, got 128"),
            std::string::npos);
  c.schedule.lod_initial_resolution = 4;
  c.schedule.lod_training_kimg = c.schedule.lod_transition_kimg = 0.0;
  EXPECT_NE(error_of<UsageError>([&] { validate(c); }).find("would never leave 4x4"),
            std::string::npos);
  c.schedule.lod_initial_resolution = 64;
  EXPECT_NO_THROW(validate(c));
}

TEST(ConfigValidate, MinibatchSplitsIntoWholeGroups) {
  Config c;
  c.schedule.max_minibatch = 6;
  EXPECT_NE(error_of<UsageError>([&] { validate(c); }).find("6 images at 4x4"), std::string::npos);
  c.schedule.max_minibatch = 3;  // less than a group: one group of 3
  EXPECT_NO_THROW(validate(c));
  c.schedule.max_minibatch = 6;
  c.model.mbstd_group_size = 0;
  EXPECT_NO_THROW(validate(c));
}

TEST(ConfigValidate, ChecksMembersSetByCode) {
  Config c;
  c.optimizer.beta2 = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(error_of<UsageError>([&] {
              validate(c);
            }).find("optimizer.beta2: expected a number from 0 to 0.9999999, got nan"),
            std::string::npos);
}

TEST(ConfigValidate, RejectsTextThatIsNotUtf8) {
  Config c;
  for (const char* bad : {"\xff", "caf\xe9", "\xc3", "\xc0\x80", "\x80", "\xf5\x80\x80\x80"}) {
    c.data.path = bad;
    EXPECT_NE(error_of<UsageError>([&] { validate(c); }).find("UTF-8"), std::string::npos);
  }
  c.data.path = "caf\xc3\xa9 \xe8\x91\x89 \xf0\x9f\x8d\x83";
  EXPECT_NO_THROW(validate(c));
}

TEST(ConfigResolve, TakesShapeFromTheDataSet) {
  Config c;
  resolve(c, {.resolution = 64, .channels = 3});
  EXPECT_EQ(c.model.resolution, 64);
  EXPECT_EQ(c.model.channels, 3);
  EXPECT_EQ(c.model.latent_size, 512);
  Config larger;
  larger.model.resolution = 128;
  EXPECT_NE(error_of<UsageError>([&] {
              resolve(larger, {64, 3});
            }).find("model.resolution: expected at most 64"),
            std::string::npos);
  Config gray;
  gray.model.channels = 1;
  EXPECT_NE(error_of<UsageError>([&] {
              resolve(gray, {64, 3});
            }).find("model.channels: expected 3"),
            std::string::npos);
}

TEST(Config, GridIsRowsByColumns) {
  Config c;
  c.train.image_grid = "3x12";
  EXPECT_EQ(image_grid(c).rows, 3);
  EXPECT_EQ(image_grid(c).columns, 12);
}

TEST(Config, AutomaticGridShrinksWithTheResolution) {
  Config c;
  EXPECT_EQ(c.train.image_grid, "auto");
  const auto grid = [&](int64_t resolution) {
    c.model.resolution = resolution;
    return std::pair(image_grid(c).rows, image_grid(c).columns);
  };
  EXPECT_EQ(grid(4), std::pair(8L, 8L));
  EXPECT_EQ(grid(128), std::pair(8L, 8L));
  EXPECT_EQ(grid(256), std::pair(4L, 7L));
  EXPECT_EQ(grid(512), std::pair(2L, 3L));
  EXPECT_EQ(grid(1024), std::pair(2L, 3L));
  Config old = config_from_toml("[train]\nimage_grid = \"8x8\"\n[model]\nresolution = 1024\n", "x");
  EXPECT_EQ(image_grid(old).rows * image_grid(old).columns, 64);
}

TEST(Config, KeysInAFileAreListed) {
  const std::string file = testing::TempDir() + "keys.toml";
  std::ofstream(file) << "[model]\nfmap_max = 3\n[schedule]\nminibatch = {4 = 8}\nwrong = 1\n";
  const std::set<std::string> expected = {"model.fmap_max", "schedule.minibatch", "schedule.wrong"};
  EXPECT_EQ(keys_in_toml(file), expected);
  std::filesystem::remove(file);
}

TEST(Config, DescriptionNamesEveryKey) {
  const std::string text = describe_keys();
  for (const Key& key : keys()) {
    EXPECT_NE(text.find(key.path + " = "), std::string::npos) << key.path;
    EXPECT_FALSE(key.help.empty()) << key.path;
  }
}

TEST(Config, IntegerRangesArePrintedAsIntegers) {
  EXPECT_EQ(allowed_text(*find_key("schedule.alpha_step")), "an integer from 0 to 1000000");
  EXPECT_EQ(allowed_text(*find_key("train.seed")), "an integer from 0 to 9223372036854775807");
  EXPECT_EQ(allowed_text(*find_key("schedule.total_kimg")), "a number from 0 to 1000000");
}

TEST(ConfigNames, MapBothWays) {
  EXPECT_EQ(name_of(Precision::automatic), "auto");
  EXPECT_EQ(value_of<Precision>("bf16"), Precision::bf16);
  EXPECT_EQ(value_of<LossKind>("wgan-gp"), LossKind::wgan_gp);
  EXPECT_FALSE(value_of<Precision>("fp64"));
}

TEST(GridSize, IsRowsByColumns) {
  EXPECT_EQ(parse_grid("3x12")->rows, 3);
  EXPECT_EQ(parse_grid("3x12")->columns, 12);
  for (const char* wrong :
       {"", "8", "x8", "8x", "0x8", "8x8x8", "-1x4", "99999x1", "8 x8", "08x8"}) {
    EXPECT_FALSE(parse_grid(wrong)) << wrong;
  }
}

TEST(EditDistance, IsLevenshtein) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("abc", ""), 3);
  EXPECT_EQ(edit_distance("same", "same"), 0);
}

}  // namespace
}  // namespace pg
