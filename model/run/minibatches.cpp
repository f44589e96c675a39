// minibatches.cpp: loading minibatches, and the fade-in of bytes.
#include "model/run/minibatches.h"

#include <algorithm>

#include "data/sets/shuffle.h"
#include "kernels/error.h"

namespace pg {
namespace {

// Labels of generated images have the frequencies of the data set, in a different order.
constexpr uint64_t kGLabelSeed = 0x9e3779b97f4a7c15;

}  // namespace

Minibatches::Minibatches(const Dataset& dataset, const Config& config)
    : dataset_(dataset),
      last_batch_(config.schedule.last_batch),
      fade_reals_(config.schedule.fade_reals),
      conditional_(label_count(config) > 0),
      seed_(static_cast<uint64_t>(config.train.seed)),
      loader_(dataset, {.seed = seed_, .mirror = config.data.mirror ? Mirror::yes : Mirror::no}) {}

int64_t Minibatches::left_in_epoch() const {
  const auto count = static_cast<uint64_t>(dataset_.count());
  return static_cast<int64_t>(count - position_ % count);
}

void Minibatches::seek(uint64_t position) {
  position_ = position;
  requested_ = 0;
}

const RealImages& Minibatches::at(const SchedulePoint& point) {
  if (requested_ != point.minibatch) load(point);
  return current_;
}

void Minibatches::load(const SchedulePoint& point) {
  int64_t n = point.minibatch;
  if (last_batch_ == LastBatch::keep) n = std::min(n, left_in_epoch());
  // A set smaller than the minibatch cannot fill one: the next epoch does.
  const bool drop = last_batch_ == LastBatch::drop && n <= dataset_.count();
  if (drop && left_in_epoch() < n) position_ += static_cast<uint64_t>(left_in_epoch());
  loader_.seek(position_);
  const Batch& batch = loader_.next(point.fade.resolution, n);
  current_ = {.images = batch.images, .mirror = batch.mirror};
  if (fade_reals_ == RealFade::bytes && point.fade.fading()) {
    faded_ = batch.images;
    fade_bytes(faded_, point.fade.resolution, dataset_.channels(), point.fade.alpha);
    current_.images = faded_;
  }
  if (conditional_) {
    g_labels_.resize(static_cast<size_t>(n));
    const uint64_t seed = seed_ ^ kGLabelSeed;
    for (size_t i = 0; i < g_labels_.size(); ++i) {
      g_labels_[i] = dataset_.label(shuffled_index(seed, dataset_.count(), position_ + i));
    }
    current_.labels = batch.labels;
    current_.g_labels = g_labels_;
  }
  requested_ = point.minibatch;
}

void Minibatches::advance() {
  PG_ASSERT(requested_ > 0);
  seek(position_ + static_cast<uint64_t>(current_.count()));
}

void fade_bytes(std::span<uint8_t> images, int64_t resolution, int64_t channels, double alpha) {
  const auto row = static_cast<size_t>(resolution * channels), c = static_cast<size_t>(channels);
  for (size_t top = 0; top < images.size(); top += 2 * row) {
    for (size_t k = 0; k < row / 2; ++k) {
      const size_t left = top + k / c * 2 * c + k % c;
      const size_t block[4] = {left, left + c, left + row, left + row + c};
      double mean = 0.0;
      for (const size_t i : block) mean += 0.25 * images[i];
      for (const size_t i : block) {
        images[i] = static_cast<uint8_t>(images[i] * alpha + mean * (1.0 - alpha));
      }
    }
  }
}

}  // namespace pg
