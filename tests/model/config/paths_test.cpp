// paths_test.cpp: texts of a configuration are displayable, and paths can be removed from it.
#include <gtest/gtest.h>

#include "data/files/utf8.h"
#include "kernels/error.h"
#include "model/config/config.h"
#include "model/config/config_keys.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

TEST(ConfigPaths, EveryTextSaysIfItIsAPath) {
  std::vector<std::string> paths, names;
  for (const Key& key : keys()) {
    if (key.form == KeyForm::path) paths.push_back(key.path);
    if (key.form == KeyForm::name) names.push_back(key.path);
    EXPECT_EQ(key.kind == KeyKind::text, key.form >= KeyForm::device) << key.path;
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"data.path", "data.full_path", "data.cache_folder",
                                             "train.out"}));
  EXPECT_EQ(names, std::vector<std::string>{"train.name"});
}

TEST(ConfigPaths, WithoutPathsEverythingElseStays) {
  Config config;
  config.data.path = "/path/to/pics";
  config.data.cache_folder = "cache";
  config.train.out = "/path/to/runs";
  config.train.name = "mine";
  config.schedule.total_kimg = 7;
  config.train.device = "cuda:1";
  const Config given = without_paths(config), defaults;
  for (const Key& key : keys()) {
    const Config& expected = key.form == KeyForm::path ? defaults : config;
    EXPECT_EQ(to_text(key.get(given)), to_text(key.get(expected))) << key.path;
  }
  config.train.name = "/path/to/name";
  EXPECT_EQ(without_paths(config).train.name, "");
}

TEST(ConfigText, IsDisplayedWithoutControls) {
  Config config;
  config.train.name = "a\x1b[2J\n\u009b\u202e\ufeff M\u00f6we \U000e0041";
  const std::string text = to_toml(config);
  EXPECT_NE(text.find("\"a\\u001b[2J\\u000a\\u009b\\u202e\\ufeff M\u00f6we \\U000e0041\""),
            std::string::npos)
      << text;
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Character c = first_character(rest);
    ASSERT_TRUE(c.code == '\n' || is_displayable(c.code));
    rest.remove_prefix(c.bytes);
  }
  EXPECT_EQ(config_from_toml(text, "text").train.name, config.train.name);
}

// A configuration that was accepted but could not be read back would make every checkpoint useless.
TEST(ConfigText, IsUtf8ThatReadsBack) {
  for (const char* bad : {"M\xf6we", "\xed\xa0\x80", "\xe0\x80\x9b", "\xf0\x80\x80\x80", "\xc3"}) {
    Config config;
    EXPECT_THROW(set_key(config, "train.name", bad), UsageError) << bad;
    config.data.path = bad;
    const std::string error = error_of<UsageError>([&] { validate(config); });
    EXPECT_NE(error.find("data.path: expected text in UTF-8, got "), std::string::npos) << error;
    EXPECT_NE(error.find("; rename the file or folder"), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace pg
