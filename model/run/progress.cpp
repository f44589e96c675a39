// progress.cpp: where a run stands, for the person who waits.
#include "model/run/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "kernels/error.h"
#include "model/config/format.h"
#include "model/networks/layers.h"

namespace pg {

namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kRateSeconds = 30.0;
constexpr double kMarkSeconds = 0.25;
constexpr std::string_view kClearLine = "\r\x1b[K";

ProgressStyle style_of(int fd) {
  const char* term = std::getenv("TERM");
  const bool clears = term != nullptr && std::string_view(term) != "dumb";
  return clears && ::isatty(fd) == 1 ? ProgressStyle::bar : ProgressStyle::lines;
}

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Remaining {
  double stage = 0.0;  // seconds
  double run = 0.0;
  bool estimated = false;  // whether stages at other resolutions are part of it
};

// The measured rate holds for this resolution; others take time as their cost says.
Remaining remaining_time(const std::vector<Stage>& stages, const ProgressSample& sample,
                         double rate, const std::function<double(int64_t)>& cost) {
  Remaining left;
  const double cost_now = cost(sample.point.fade.resolution);
  for (const Stage& stage : stages) {
    const int64_t images = stage.end - std::max(stage.first, sample.images_shown);
    if (images <= 0) continue;
    const double seconds = static_cast<double>(images) / rate * (cost(stage.resolution) / cost_now);
    if (stage.first <= sample.images_shown) left.stage = seconds;
    left.run += seconds;
    left.estimated |= stage.resolution != sample.point.fade.resolution;
  }
  return left;
}

std::string kimg_text(int64_t images) {
  const double kimg = static_cast<double>(images) / 1000.0;
  return format_fixed(kimg, kimg < 10.0 && images % 1000 != 0 ? 1 : 0);
}

}  // namespace

Progress::Progress(const Config& config, ProgressOptions options)
    : options_(std::move(options)), stages_(stages(config)), total_(total_images(config)) {
  if (options_.out == nullptr) options_.out = &std::cerr;
  if (options_.style == ProgressStyle::automatic) options_.style = style_of(options_.fd);
  if (!options_.clock) options_.clock = steady_seconds;
  if (!options_.cost)
    options_.cost = [model = config.model](int64_t r) { return relative_cost(model, r); };
}

Progress::~Progress() { finish(); }

void Progress::update(const ProgressSample& sample) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  const double now = options_.clock();
  note_rate(sample, now);
  last_ = sample;
  shown_ = false;
  const double interval =
      options_.style == ProgressStyle::bar ? kRedrawSeconds : options_.line_seconds;
  if (now - drawn_at_ < interval) return;
  drawn_at_ = now;
  draw();
}

void Progress::print(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (bar_open_) *options_.out << kClearLine;
  *options_.out << line << '\n';
  if (bar_open_) draw();
  options_.out->flush();
}

void Progress::finish() {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  finished_ = true;
  if (last_ && !shown_) draw();
  if (bar_open_) *options_.out << '\n' << std::flush;
  bar_open_ = false;
}

double Progress::images_per_second() const {
  const std::lock_guard lock(mutex_);
  return rate();
}

void Progress::note_rate(const ProgressSample& sample, double now) {
  // Another resolution has another speed.
  if (last_ && last_->point.fade.resolution != sample.point.fade.resolution) marks_.clear();
  // The last mark moves along until it is old enough to stand.
  if (marks_.size() > 1 && now - marks_[marks_.size() - 2].seconds < kMarkSeconds) {
    marks_.pop_back();
  }
  marks_.push_back({now, sample.images_shown});
  while (marks_.size() > 2 && now - marks_[1].seconds >= kRateSeconds) marks_.pop_front();
}

double Progress::rate() const {
  if (marks_.size() < 2) return 0.0;
  const double seconds = marks_.back().seconds - marks_.front().seconds;
  const auto images = static_cast<double>(marks_.back().images - marks_.front().images);
  return seconds > 0.0 ? images / seconds : 0.0;
}

// What there is to tell, most wanted first.
std::vector<std::string> Progress::fields() const {
  const Fade& fade = last_->point.fade;
  std::vector<std::string> result;
  std::string stage = stage_name(fade);
  if (fade.fading()) stage += " alpha " + format_fixed(fade.alpha, 2);
  result.push_back(stage);
  result.push_back(message(kimg_text(last_->images_shown), "/", kimg_text(total_), " kimg"));
  if (rate() > 0.0) {
    const Remaining left = remaining_time(stages_, *last_, rate(), options_.cost);
    result.push_back(format_count(rate()) + " img/s");
    result.push_back("stage " + format_duration(left.stage));
    result.push_back(message("run ", left.estimated ? "~" : "", format_duration(left.run)));
  }
  if (!std::isnan(last_->g_loss)) result.push_back("G " + format_fixed(last_->g_loss, 3));
  if (!std::isnan(last_->d_loss)) result.push_back("D " + format_fixed(last_->d_loss, 3));
  if (!std::isnan(last_->gradient_norm)) {
    result.push_back("|grad| " + format_fixed(last_->gradient_norm, 3));
  }
  return result;
}

std::string Progress::state_line() const {
  std::string line;
  for (const std::string& field : fields()) line += message(line.empty() ? "" : "  ", field);
  return line;
}

// One line that fits the terminal: the least wanted fields go first, then the bar itself.
std::string Progress::bar() const {
  constexpr size_t kCells = 20;
  const size_t width = static_cast<size_t>(std::max<int64_t>(columns() - 1, 1));
  const double done =
      total_ > 0 ? static_cast<double>(last_->images_shown) / static_cast<double>(total_) : 1.0;
  const auto full = static_cast<size_t>(std::clamp(done, 0.0, 1.0) * static_cast<double>(kCells));
  std::string line;
  if (width >= 60) {
    line = message("[", std::string(full, '='), std::string(kCells - full, ' '), "]");
  }
  for (const std::string& field : fields()) {
    const size_t gap = line.empty() ? 0 : 2;
    if (line.size() + gap + field.size() > width) break;
    line += std::string(gap, ' ') + field;
  }
  return line;
}

void Progress::draw() {
  shown_ = true;
  if (options_.style == ProgressStyle::bar) {
    *options_.out << kClearLine << bar() << std::flush;
    bar_open_ = true;
  } else if (options_.style == ProgressStyle::lines) {
    *options_.out << state_line() << '\n' << std::flush;
  }
}

int64_t Progress::columns() const {
  if (options_.columns > 0) return options_.columns;
  winsize size = {};
  const bool known = ::ioctl(options_.fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace pg
