// progress.cpp: the fields of the progress display, and when it is drawn.
#include "model/run/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <utility>

#include "data/files/shown.h"
#include "kernels/error.h"
#include "model/config/format.h"
#include "model/networks/layers.h"
#include "model/run/terminal.h"

namespace pg {

namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr size_t kNarrow = 60;  // columns below which there is no bar
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
  colour_ = options_.out == nullptr && wants_colour(options_.fd);
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
  if (!last_) started_ = now;
  updated_ = now;
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
  const std::string text = shown_whole(line);
  *options_.out << (colour_ ? coloured(text) : text) << '\n';
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

// Of the run in plain lines: "8x8 fading alpha 0.50", "150/1000 kimg".
std::vector<std::string> Progress::place_fields() const {
  const Fade& fade = last_->point.fade;
  std::string stage = stage_name(fade);
  if (fade.fading()) stage += " alpha " + format_fixed(fade.alpha, 2);
  return {stage, message(kimg_text(last_->images_shown), "/", kimg_text(total_), " kimg")};
}

std::optional<Progress::Speed> Progress::speed() const {
  const double rate = rate_.images_per_second();
  if (rate <= 0.0) return std::nullopt;
  const RemainingTime left = remaining_time(stages_, last_->point.fade.resolution,
                                            last_->images_shown, rate, options_.cost);
  return Speed{.rate = format_count(rate) + " img/s",
               .stage = "stage " + format_duration(left.stage),
               .run = message(left.estimated ? "~" : "", format_duration(left.run))};
}

std::vector<std::string> Progress::loss_fields() const {
  std::vector<std::string> result;
  if (!std::isnan(last_->g_loss)) result.push_back("G " + format_fixed(last_->g_loss, 3));
  if (!std::isnan(last_->d_loss)) result.push_back("D " + format_fixed(last_->d_loss, 3));
  if (!std::isnan(last_->gradient_norm)) {
    result.push_back("|grad| " + format_fixed(last_->gradient_norm, 3));
  }
  return result;
}

// Most important first.
std::vector<std::string> Progress::line_fields() const {
  std::vector<std::string> result = place_fields();
  if (const auto known = speed()) {
    result.insert(result.end(), {known->rate, known->stage, "run " + known->run});
  }
  const std::vector<std::string> losses = loss_fields();
  result.insert(result.end(), losses.begin(), losses.end());
  return result;
}

// Most important first; short ones for a narrow terminal.
std::vector<std::string> Progress::bar_fields(size_t width) const {
  const std::string elapsed = format_duration(updated_ - started_);
  std::vector<std::string> result = place_fields();
  if (width >= kNarrow) {
    result.push_back("elapsed " + elapsed);
  } else {
    const Fade& fade = last_->point.fade;
    const std::string alpha = fade.fading() ? " alpha " + format_fixed(fade.alpha, 2) : "";
    result = {message(fade.resolution, "x", fade.resolution, alpha),
              format_fixed(100.0 * done(), 0) + "%", elapsed};
  }
  if (const auto known = speed()) {
    result.insert(result.end(), {"left " + known->run, known->rate, known->stage});
  }
  const std::vector<std::string> losses = loss_fields();
  result.insert(result.end(), losses.begin(), losses.end());
  return result;
}

std::string Progress::state_line() const {
  std::string line;
  for (const std::string& field : line_fields()) line += message(line.empty() ? "" : "  ", field);
  return line;
}

double Progress::done() const {
  const double done =
      total_ > 0 ? static_cast<double>(last_->images_shown) / static_cast<double>(total_) : 1.0;
  return std::clamp(done, 0.0, 1.0);
}

// One line that fits the terminal: a narrow one has no bar, then fewer fields.
std::string Progress::bar() const {
  const int64_t columns = options_.columns > 0 ? options_.columns : terminal_columns(options_.fd);
  const size_t width = static_cast<size_t>(std::max<int64_t>(columns - 1, 1));
  const size_t cells = width >= 100 ? 20 : width >= kNarrow ? 10 : 0;
  const auto full = static_cast<size_t>(done() * static_cast<double>(cells));
  std::string line;
  if (cells > 0) line = message("[", std::string(full, '='), std::string(cells - full, ' '), "]");
  for (const std::string& field : bar_fields(width)) {
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
