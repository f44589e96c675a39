// stats_test.cpp: stats.jsonl after crashes and resumes; the log.
#include "model/run/stats.h"

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <sys/resource.h>

#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>
#include <regex>

#include "kernels/error.h"
#include "model/run/log.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

using nlohmann::ordered_json;

class Stats : public TemporaryFolder {
 protected:
  void SetUp() override {
    TemporaryFolder::SetUp();
    path_ = folder_ / "stats.jsonl";
  }
  std::filesystem::path path_;
};

TEST_F(Stats, WritesOneObjectPerLineInTheGivenOrder) {
  StatsFile file(path_);
  file.append({{"kimg", 1.5}, {"d_loss", -0.25}, {"a", "x\ny"}});
  file.append({{"kimg", 2}, {"d_loss", std::numeric_limits<double>::quiet_NaN()}});
  EXPECT_EQ(read_text(path_),
            "{\"kimg\":1.5,\"d_loss\":-0.25,\"a\":\"x\\ny\"}\n{\"kimg\":2,\"d_loss\":null}\n");
  EXPECT_EQ(read_stats(path_).size(), 2u);
}

TEST_F(Stats, OpeningRemovesAnIncompleteLine) {
  for (const std::string half : {"{\"kimg\":2,\"d_l", "", "{\"kimg\":2}"}) {
    write_text(path_, "{\"kimg\":1}\n" + half);
    StatsFile(path_).append({{"kimg", 3}});
    EXPECT_EQ(read_text(path_), "{\"kimg\":1}\n{\"kimg\":3}\n");
  }
  write_text(path_, "only half");
  StatsFile(path_).append({{"kimg", 3}});
  EXPECT_EQ(read_text(path_), "{\"kimg\":3}\n");
}

TEST_F(Stats, ResumeKeepsCompleteLinesUpToTheCheckpoint) {
  write_text(path_,
             "{\"run\":\"r\"}\n{\"kimg\":1.10}\nbroken\n[3]\n{\"kimg\":160.0}\n"
             "{\"kimg\":160.5}\n{\"kimg\":150}\n{\"kimg\":12}");
  cut_stats(path_, 160.0);
  EXPECT_EQ(read_text(path_),
            "{\"run\":\"r\"}\n{\"kimg\":1.10}\n{\"kimg\":160.0}\n{\"kimg\":150}\n");
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(Stats, MissingFileHasNoLines) {
  EXPECT_TRUE(read_stats(path_).empty());
  EXPECT_NO_THROW(cut_stats(path_, 1.0));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(Stats, MissingFolderIsAnIoError) {
  EXPECT_THROW(StatsFile(folder_ / "none" / "stats.jsonl"), IoError);
  write_text(path_, "");
  EXPECT_THROW(make_logger(path_ / "log.txt", {}), IoError) << "below a file";
}

TEST_F(Stats, FullDiskIsAnIoError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  StatsFile file("/dev/full");
  EXPECT_NE(error_of<IoError>([&] {
              file.append({{"kimg", 1}});
            }).find("free some space"),
            std::string::npos);
}

// A limit on the size of files simulates a disk with a few bytes left.
TEST_F(Stats, LinesThatDidNotFitAreWrittenLater) {
  StatsFile file(path_);
  file.append({{"kimg", 1}});
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto ignored = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit full{.rlim_cur = 15, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  for (const int kimg : {2, 3}) {
    EXPECT_THROW(file.append({{"kimg", kimg}}), IoError);
    EXPECT_EQ(read_text(path_), "{\"kimg\":1}\n");
  }
  EXPECT_THROW(file.sync(), IoError);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, ignored);
  file.append({{"kimg", 4}});
  file.sync();
  EXPECT_EQ(read_text(path_), "{\"kimg\":1}\n{\"kimg\":2}\n{\"kimg\":3}\n{\"kimg\":4}\n");
}

TEST_F(Stats, LogIsWrittenToTheFileAtOnceAndToTheConsole) {
  std::vector<std::string> lines;
  const auto logger =
      make_logger(folder_ / "log.txt", [&](std::string_view line) { lines.emplace_back(line); });
  logger->info("tick {}", 7);
  logger->warn("slow disk");
  logger->debug("not logged");
  EXPECT_EQ(lines, (std::vector<std::string>{"tick 7", "warning: slow disk"}));
  const std::regex expected(
      "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d info: tick 7\n"
      ".{19} warning: slow disk\n");
  EXPECT_TRUE(std::regex_match(read_text(folder_ / "log.txt"), expected));
}

TEST_F(Stats, LogIsAppendedToNotReplaced) {
  make_logger(folder_ / "log.txt", {})->info("first");
  make_logger(folder_ / "log.txt", {})->info("second");
  const std::string text = read_text(folder_ / "log.txt");
  EXPECT_LT(text.find("first"), text.find("second"));
}

}  // namespace
}  // namespace pg
