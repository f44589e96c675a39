// progress.cpp: the fields of the progress display, and when it is drawn.
#include "model/run/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <utility>

#include "kernels/error.h"
#include "model/config/format.h"
#include "model/networks/layers.h"
#include "model/run/terminal.h"

namespace pg {

namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr std::string_view kClearLine = "\r\x1b[K";

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string kimg_text(int64_t images) {
  const double kimg = kimg_of(images);
  return format_fixed(kimg, kimg < 10.0 && images % 1000 != 0 ? 1 : 0);
}

}  // namespace

Progress::Progress(const Config& config, ProgressOptions options)
    : options_(std::move(options)), stages_(stages(config)), total_(total_images(config)) {
  if (options_.out == nullptr) options_.out = &std::cerr;
  if (options_.style == ProgressStyle::automatic) {
    options_.style = can_redraw_lines(options_.fd) ? ProgressStyle::bar : ProgressStyle::lines;
  }
  if (!options_.clock) options_.clock = steady_seconds;
  if (!options_.cost)
    options_.cost = [model = config.model](int64_t r) { return relative_cost(model, r); };
}

Progress::~Progress() { finish(); }

void Progress::update(const ProgressSample& sample) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  const double now = options_.clock();
  rate_.add(sample.point.fade.resolution, sample.images_shown, now);
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
  return rate_.images_per_second();
}

// Most important first.
std::vector<std::string> Progress::fields() const {
  const Fade& fade = last_->point.fade;
  std::vector<std::string> result;
  std::string stage = stage_name(fade);
  if (fade.fading()) stage += " alpha " + format_fixed(fade.alpha, 2);
  result.push_back(stage);
  result.push_back(message(kimg_text(last_->images_shown), "/", kimg_text(total_), " kimg"));
  if (const double rate = rate_.images_per_second(); rate > 0.0) {
    const RemainingTime left =
        remaining_time(stages_, fade.resolution, last_->images_shown, rate, options_.cost);
    result.push_back(format_count(rate) + " img/s");
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

// One line that fits the terminal: a narrow one has no bar, then fewer fields.
std::string Progress::bar() const {
  constexpr size_t kCells = 20;
  const int64_t columns = options_.columns > 0 ? options_.columns : terminal_columns(options_.fd);
  const size_t width = static_cast<size_t>(std::max<int64_t>(columns - 1, 1));
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

}  // namespace pg
