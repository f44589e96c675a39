// timelapse.cpp: time, labels and fading.
#include "model/run/timelapse.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"
#include "model/config/format.h"
#include "model/config/schedule.h"

namespace pg {
namespace {

constexpr int64_t kFade = 4;  // frames

}  // namespace

std::vector<size_t> moments_over_time(const std::vector<int64_t>& images_shown, int64_t frames) {
  PG_ASSERT(!images_shown.empty() && std::ranges::is_sorted(images_shown) && frames > 0);
  std::vector<double> times;
  for (const int64_t images : images_shown) times.push_back(static_cast<double>(images));
  if (times[0] == 0.0) times[0] = times.size() > 1 ? 0.8 * times[1] : 1.0;
  const double first = std::log(times.front()), last = std::log(times.back());
  // The fade to the last moment ends before the video.
  const double moving = std::max(
      1.0, std::min(0.9 * static_cast<double>(frames), static_cast<double>(frames - kFade)));
  std::vector<size_t> moments;
  size_t moment = 0;
  for (int64_t f = 0; f < frames; ++f) {
    const double share = static_cast<double>(f) / moving;
    const double now = std::exp(first + share * (last - first)) * (1.0 + 1e-12);
    while (moment + 1 < times.size() && times[moment + 1] <= now) ++moment;
    moments.push_back(moment);
  }
  moments.back() = times.size() - 1;
  return moments;
}

std::string moment_label(int64_t images_shown, int64_t resolution) {
  const double kimg = kimg_of(images_shown);
  const bool whole = kimg >= 10.0 || images_shown % 1000 == 0;
  const std::string size = resolution > 0 ? message(" ", resolution, "x", resolution) : "";
  return message(format_fixed(kimg, whole ? 0 : 1), " kimg", size);
}

// A moment that cannot be read shows as the one before it, or as the next one if it is the first.
void TimelapseFrames::show(size_t moment) {
  if (!loaded_ || moment > *loaded_) {
    std::optional<Moment> loaded = load_(moment);
    while (!loaded && shown_.empty() && moment < moments_.back()) loaded = load_(++moment);
    loaded_ = moment;
    if (loaded) shown_.push_front({.moment = std::move(*loaded), .frames = 0});
  }
  if (shown_.empty()) return;
  ++shown_.front().frames;
  int64_t all = 0;
  for (size_t i = 0; i < shown_.size(); ++i) {
    shown_[i].frames = std::min(shown_[i].frames, kFade - all);
    all += shown_[i].frames;
  }
  while (shown_.back().frames == 0) shown_.pop_back();
}

std::optional<Moment> TimelapseFrames::next() {
  PG_ASSERT(frame_ < moments_.size());
  show(moments_[frame_++]);
  if (shown_.empty()) return std::nullopt;
  Moment frame = shown_.front().moment;
  if (shown_.size() == 1) return frame;
  int64_t all = 0;
  for (const Shown& s : shown_) all += s.frames;
  for (size_t i = 0; i < frame.image.pixels.size(); ++i) {
    int64_t sum = all / 2;
    for (const Shown& s : shown_) sum += s.frames * s.moment.image.pixels[i];
    frame.image.pixels[i] = static_cast<uint8_t>(sum / all);
  }
  return frame;
}

}  // namespace pg
