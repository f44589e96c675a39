// progress.h: the progress display: one line redrawn in place on a terminal, plain lines elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config/config.h"
#include "model/config/schedule.h"
#include "model/run/eta.h"

namespace pg {

// `automatic` is `bar` if the descriptor is a terminal that can clear a line, else `lines`.
enum class ProgressStyle { automatic, bar, lines, silent };

struct ProgressOptions {
  std::ostream* out = nullptr;  // nullptr: the standard error stream
  int fd = 2;                   // of the terminal, if it is one
  ProgressStyle style = ProgressStyle::automatic;
  int64_t columns = 0;                  // 0: the width of the terminal
  double line_seconds = 30.0;           // shortest time between plain lines
  std::function<double()> clock;        // seconds, never falling; empty: the steady clock
  std::function<double(int64_t)> cost;  // time of an image by resolution, in any unit, for the ETA
                                        // of later stages; empty: relative_cost
};

struct ProgressSample {
  int64_t images_shown = 0;
  SchedulePoint point;
  double g_loss = std::numeric_limits<double>::quiet_NaN();  // NaN: not known yet
  double d_loss = std::numeric_limits<double>::quiet_NaN();
  double gradient_norm = std::numeric_limits<double>::quiet_NaN();
};

// All members may be called from any thread.
class Progress {
 public:
  Progress(const Config& config, ProgressOptions options);
  ~Progress();  // finish()
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Cheap: draws at most ten times a second, or a plain line every line_seconds.
  void update(const ProgressSample& sample);

  // Prints a line of text, escaped as in data/files/shown.h, above the bar; for the log.
  void print(std::string_view line);

  // Draws the last state and ends the line. Later updates do nothing.
  void finish();

  // Over the last half minute at this resolution; 0 before two updates.
  double images_per_second() const;

 private:
  struct Speed {
    std::string rate, stage, run;  // "1.0k img/s", "stage 50s", "~24m 10s"
  };

  std::vector<std::string> place_fields() const;
  std::optional<Speed> speed() const;  // nothing before two updates
  std::vector<std::string> loss_fields() const;
  std::vector<std::string> line_fields() const;
  double done() const;  // 0 to 1
  std::string state_line() const;
  std::vector<std::string> bar_fields(size_t width) const;
  std::string bar() const;
  void draw();

  ProgressOptions options_;
  std::vector<Stage> stages_;
  int64_t total_ = 0;
  std::optional<ProgressSample> last_;
  RateMeter rate_;
  double started_ = 0.0, updated_ = 0.0;  // first and last update
  bool colour_ = false;
  double drawn_at_ = -std::numeric_limits<double>::infinity();
  bool shown_ = false;  // the last sample has been drawn
  bool bar_open_ = false;
  bool finished_ = false;
  mutable std::mutex mutex_;
};

}  // namespace pg
