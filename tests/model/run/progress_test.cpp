// progress_test.cpp: the progress display, with a clock set by the test.
#include "model/run/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <sstream>

#include "model/config/format.h"
#include "model/run/terminal.h"

namespace pg {
namespace {

// 64x64, with stages of 100 kimg: 64x64 is stable after 900 kimg, of 1000 in all.
Config small_config() {
  Config c;
  c.model.resolution = 64;
  c.schedule.lod_training_kimg = c.schedule.lod_transition_kimg = 100.0;
  c.schedule.total_kimg = 1000.0;
  return c;
}

struct Display {
  explicit Display(ProgressStyle style, int64_t columns = 200) {
    ProgressOptions options;
    options.out = &out;
    options.style = style;
    options.columns = columns;
    options.clock = [this] { return now; };
    options.cost = [](int64_t resolution) { return resolution < 64 ? 1.0 : 3.0; };
    progress = std::make_unique<Progress>(config, options);
  }

  void update(int64_t images) {
    ProgressSample sample;
    sample.images_shown = images;
    sample.point = schedule_at(config, images);
    sample.g_loss = 0.5;
    sample.d_loss = -1.25;
    sample.gradient_norm = 0.75;
    progress->update(sample);
  }

  // The current line of the terminal.
  std::string line() const {
    const std::string text = out.str();
    return text.substr(text.rfind("\x1b[K") + 3);
  }
  int64_t count(char c) const {
    const std::string text = out.str();
    return std::count(text.begin(), text.end(), c);
  }

  Config config = small_config();
  double now = 1000.0;
  std::ostringstream out;
  std::unique_ptr<Progress> progress;
};

TEST(Progress, BarShowsStageRateTimeAndLosses) {
  Display d(ProgressStyle::bar);
  d.update(140000);
  d.now += 10.0;
  d.update(150000);
  // 50000 images left of the fade at 1000 a second; then 650000 below 64x64 and 200000 at 64x64.
  EXPECT_EQ(d.line(),
            "[===                 ]  8x8 fading alpha 0.50  150/1000 kimg  elapsed 10s"
            "  left ~24m 10s  1.0k img/s  stage 50s  G 0.500  D -1.250  |grad| 0.750");
}

TEST(Progress, NarrowBarsKeepTheMostImportant) {
  const auto line_at = [](int64_t columns) {
    Display d(ProgressStyle::bar, columns);
    d.update(140000);
    d.now += 10.0;
    d.update(150000);
    return d.line();
  };
  EXPECT_EQ(line_at(80),
            "[=         ]  8x8 fading alpha 0.50  150/1000 kimg  elapsed 10s  left ~24m 10s");
  EXPECT_EQ(line_at(40), "8x8 alpha 0.50  15%  10s  left ~24m 10s");
  EXPECT_EQ(line_at(20), "8x8 alpha 0.50  15%");
}

// A terminal may be made wider or narrower at any time.
TEST(Progress, EveryRedrawAsksForTheWidth) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  std::ostringstream out;
  double now = 0.0;
  ProgressOptions options;
  options.out = &out;
  options.fd = terminal;
  options.style = ProgressStyle::bar;
  options.clock = [&now] { return now; };
  Progress progress(small_config(), options);
  for (const int columns : {100, 30}) {
    winsize size = {};
    size.ws_col = static_cast<unsigned short>(columns);
    ASSERT_EQ(::ioctl(terminal, TIOCSWINSZ, &size), 0);
    now += 1.0;
    progress.update({.images_shown = 150000, .point = schedule_at(small_config(), 150000)});
  }
  const std::string text = out.str();
  EXPECT_NE(text.find("[="), std::string::npos) << text;
  EXPECT_EQ(text.substr(text.rfind("\x1b[K") + 3), "8x8 alpha 0.50  15%  1s") << text;
  ::close(terminal);
}

TEST(Terminal, ColoursOnlyWhereTheyAreWanted) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  ASSERT_EQ(::unlockpt(terminal), 0);
  const int screen = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY);
  ASSERT_GE(screen, 0);
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("NO_COLOR");
  EXPECT_TRUE(wants_colour(screen));
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(wants_colour(screen));
  EXPECT_TRUE(can_redraw_lines(screen));
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(wants_colour(screen));
  ::setenv("TERM", "xterm", 1);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_FALSE(wants_colour(ends[1]));
  for (const int fd : {terminal, screen, ends[0], ends[1]}) ::close(fd);
}

TEST(Terminal, ColoursTheFirstWordOfWarningsAndErrors) {
  EXPECT_EQ(coloured("warning: a"), "\x1b[33mwarning:\x1b[0m a");
  EXPECT_EQ(coloured("error: a"), "\x1b[31merror:\x1b[0m a");
  EXPECT_EQ(coloured("progan_cuda: a\n"), "\x1b[31mprogan_cuda:\x1b[0m a\n");
  EXPECT_EQ(coloured("a warning: b"), "a warning: b");
  EXPECT_EQ(coloured(""), "");
}

TEST(Progress, BarIsRedrawnTenTimesASecondAtMost) {
  Display d(ProgressStyle::bar);
  for (int64_t i = 0; i <= 1000; ++i) {
    d.update(i);
    d.now += 1.0 / 1024.0;
  }
  EXPECT_EQ(d.count('\r'), 10);
  EXPECT_EQ(d.count('\n'), 0);
}

TEST(Progress, BarFitsAnyWidth) {
  for (int64_t columns = 1; columns < 150; ++columns) {
    Display d(ProgressStyle::bar, columns);
    d.update(0);
    d.now += 1.0;
    d.update(100);
    EXPECT_LT(d.line().size(), static_cast<size_t>(columns));
  }
}

TEST(Progress, LogLinesArePrintedAboveTheBar) {
  Display d(ProgressStyle::bar, 30);
  d.update(0);
  d.progress->print("a line of the log");
  EXPECT_EQ(d.out.str(),
            "\r\x1b[K4x4  0%  0s  G 0.500\r\x1b[Ka line of the log\n"
            "\r\x1b[K4x4  0%  0s  G 0.500");
}

TEST(Progress, FinishDrawsTheLastStateAndEndsTheLineOnce) {
  Display d(ProgressStyle::bar, 30);
  d.update(999000);
  d.update(1000000);
  d.progress->finish();
  d.update(0);
  d.progress.reset();
  EXPECT_EQ(d.line(), "64x64  100%  0s  G 0.500\n");
}

TEST(Progress, PlainLinesComeAtMostEveryHalfMinute) {
  Display d(ProgressStyle::lines);
  for (int64_t i = 0; i <= 650; ++i) {
    d.update(i * 10);
    d.now += 0.1;
  }
  EXPECT_EQ(d.count('\n'), 3);
  EXPECT_EQ(d.count('\r') + d.count('\x1b'), 0);
  d.progress->finish();
  EXPECT_EQ(d.count('\n'), 4);
  EXPECT_NE(d.out.str().find("4x4 stable  6.5/1000 kimg"), std::string::npos) << d.out.str();
}

TEST(Progress, SilentPrintsOnlyTheLog) {
  Display d(ProgressStyle::silent);
  d.update(0);
  d.progress->print("warning: something");
  d.progress->finish();
  EXPECT_EQ(d.out.str(), "warning: something\n");
}

TEST(Progress, PipeGetsPlainLines) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::ostringstream out;
  {
    ProgressOptions options;
    options.out = &out;
    options.fd = ends[1];
    Progress progress(small_config(), options);
    progress.update({.images_shown = 0, .point = schedule_at(small_config(), 0)});
  }
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_EQ(out.str(), "4x4 stable  0/1000 kimg\n");
}

TEST(Progress, RateCoversTheLastHalfMinuteAtThisResolution) {
  Display d(ProgressStyle::silent);
  int64_t images = 0;
  const auto run = [&](int64_t seconds, int64_t per_second) {
    for (int64_t i = 0; i < seconds * 10; ++i) {
      images += per_second / 10;
      d.now += 0.1;
      d.update(images);
    }
  };
  d.update(images);
  EXPECT_EQ(d.progress->images_per_second(), 0.0);
  run(60, 1000);
  EXPECT_NEAR(d.progress->images_per_second(), 1000.0, 1e-6);
  run(40, 500);
  EXPECT_NEAR(d.progress->images_per_second(), 500.0, 1e-6);
  images = 300000;  // another resolution
  d.update(images);
  run(1, 100);
  EXPECT_NEAR(d.progress->images_per_second(), 100.0, 1e-6);
}

TEST(Format, Durations) {
  EXPECT_EQ(format_duration(0.4), "0s");
  EXPECT_EQ(format_duration(59.6), "1m 00s");
  EXPECT_EQ(format_duration(725), "12m 05s");
  EXPECT_EQ(format_duration(3840), "1h 04m");
  EXPECT_EQ(format_duration(2 * 86400 + 3 * 3600 + 59), "2d 03h");
  EXPECT_EQ(format_duration(-1), "?");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "?");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::quiet_NaN()), "?");
}

TEST(Format, Counts) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(950), "950");
  EXPECT_EQ(format_count(999.7), "1.0k");
  EXPECT_EQ(format_count(12345), "12.3k");
  EXPECT_EQ(format_count(999960), "1.0M");
  EXPECT_EQ(format_count(4.0e6), "4.0M");
  EXPECT_EQ(format_count(2.5e9), "2.5G");
}

TEST(Format, FixedPoint) {
  EXPECT_EQ(format_fixed(-1.25, 3), "-1.250");
  EXPECT_EQ(format_fixed(1e300, 3), "1e+300");
  EXPECT_EQ(format_fixed(std::numeric_limits<double>::infinity(), 1), "inf");
}

}  // namespace
}  // namespace pg
