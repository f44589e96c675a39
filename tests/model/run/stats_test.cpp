// stats_test.cpp: stats.jsonl after crashes and resumes; the log.
#include "model/run/stats.h"

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
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
  write_text(path_, "{\"kim");
  StatsFile(path_).append({{"kimg", 3}});
  EXPECT_EQ(read_text(path_), "{\"kimg\":3}\n");
}

TEST_F(Stats, ResumeKeepsCompleteLinesUpToTheCheckpoint) {
  write_text(path_,
             "{\"run\":\"r\"}\n{\"kimg\":1.10}\nbroken\n[3]\n{\"kimg\":160.0}\n"
             "{\"kimg\":160.5}\n{\"kimg\":150}\n{\"kimg\":12}");
  cut_stats(path_, 160.0);
  EXPECT_EQ(read_text(path_),
            "{\"run\":\"r\"}\n{\"kimg\":1.10}\nbroken\n[3]\n{\"kimg\":160.0}\n"
            "{\"kimg\":150}\n");
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

// A FIFO would wait for a reader.
TEST_F(Stats, ThingsThatAreNotFilesAreRejected) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0666), 0);
  for (const std::filesystem::path& path : {path_, folder_, std::filesystem::path("/dev/full")}) {
    const std::string error = error_of<IoError>([&] { StatsFile{path}; });
    EXPECT_NE(error.find("not a file of a run"), std::string::npos) << error;
    EXPECT_THROW(make_logger(path, {}), IoError);
  }
}

TEST_F(Stats, LinesOfOtherProgramsAreNeverRemoved) {
  for (const std::string text : {"{\"step\":1}\n", "{\"kimg\": 1}\n", "{\"step\":1,\"kimg\":1}\n",
                                 "my notes", "[1]\n{\"ki"}) {
    write_text(path_, text);
    EXPECT_NE(error_of<FormatError>([&] { StatsFile{path_}; }).find("of a run"), std::string::npos);
    EXPECT_THROW(cut_stats(path_, 0.0), FormatError);
    EXPECT_EQ(read_text(path_), text);
  }
  write_text(path_, "{\"kimg\":1}\na note without an end");
  StatsFile(path_).append({{"kimg", 2}});
  EXPECT_EQ(cut_stats(path_, 1.0), "{\"kimg\":2}\n");
  EXPECT_EQ(read_text(path_), "{\"kimg\":1}\na note without an end\n");
  const std::string mine = "{\"kimg\":1}\n{\"kimg\": 99999, \"mine\": 1}\n";
  write_text(path_, mine);
  EXPECT_EQ(cut_stats(path_, 1.0), "");
  EXPECT_EQ(read_text(path_), mine);
}

TEST_F(Stats, DeletedFileIsWrittenAgain) {
  write_text(path_, "{\"kimg\":1}\n");
  StatsFile file(path_);
  EXPECT_FALSE(file.append({{"kimg", 2}}));
  std::filesystem::remove(path_);
  EXPECT_TRUE(file.append({{"kimg", 3}}));
  EXPECT_EQ(read_text(path_), "{\"kimg\":1}\n{\"kimg\":2}\n{\"kimg\":3}\n");
  EXPECT_FALSE(file.append({{"kimg", 4}}));
  std::filesystem::rename(path_, folder_ / "old");
  write_text(path_, "{\"kimg\":1}\n");  // by an editor
  EXPECT_FALSE(file.append({{"kimg", 5}}));
  EXPECT_EQ(read_text(path_), "{\"kimg\":1}\n{\"kimg\":5}\n");
}

TEST_F(Stats, DeletedLogIsMadeAgainAndFollowsItsFolder) {
  std::vector<std::string> lines;
  std::filesystem::create_directory(folder_ / "run");
  const auto logger = make_logger(folder_ / "run/log.txt",
                                  [&](std::string_view line) { lines.emplace_back(line); });
  logger->info("one");
  std::filesystem::remove(folder_ / "run/log.txt");
  std::filesystem::rename(folder_ / "run", folder_ / "renamed");
  logger->info("two");
  logger->info("three");
  const std::string text = read_text(folder_ / "renamed/log.txt");
  EXPECT_NE(text.find("warning: log.txt was deleted"), std::string::npos) << text;
  EXPECT_NE(text.find("info: two\n"), std::string::npos) << text;
  EXPECT_EQ(std::count(lines.begin(), lines.end(),
                       "warning: log.txt was deleted; earlier lines are "
                       "lost"),
            1);
  EXPECT_TRUE(is_log(folder_ / "renamed/log.txt"));
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
