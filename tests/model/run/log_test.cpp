// log_test.cpp: one message is one line of the log, whatever it quotes.
#include "model/run/log.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <sstream>

#include "model/run/progress.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

using Log = TemporaryFolder;

TEST_F(Log, EscapesTextFromOutside) {
  std::vector<std::string> lines;
  const auto file = folder_ / "log.txt";
  make_logger(file, [&](std::string_view line) {
    lines.emplace_back(line);
  })->warn("{} is damaged", "a\x1b[2J\nM\u00f6we\u202e\xff");
  const std::string text = "a\\x1b[2J\\nM\u00f6we\\u202e\\xff is damaged";
  EXPECT_EQ(lines, std::vector<std::string>{"warning: " + text});
  const std::string written = read_text(file);
  EXPECT_NE(written.find("warning: " + text + "\n"), std::string::npos) << written;
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 1);
}

TEST(ProgressLines, AreEscaped) {
  std::ostringstream out;
  ProgressOptions options;
  options.out = &out;
  options.style = ProgressStyle::silent;
  Config config;
  config.model.resolution = 8;
  Progress progress(config, options);
  progress.print("a\x1b[2J\rb");
  EXPECT_EQ(out.str(), "a\\x1b[2J\\rb\n");
}

}  // namespace
}  // namespace pg
