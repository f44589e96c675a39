// schedule.cpp: what to train at a given number of images shown.
#include "model/config/schedule.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/error.h"

namespace pg {

namespace {

int64_t log2_of(int64_t power_of_two) {
  return std::bit_width(static_cast<uint64_t>(power_of_two)) - 1;
}

int64_t levels_to_grow(const Config& config) {
  PG_CHECK(config.model.resolution > 0, UsageError,
           "model.resolution is not known yet; give it or a data set to take it from");
  return log2_of(config.model.resolution) - log2_of(config.schedule.lod_initial_resolution);
}

template <typename T>
T at_resolution(const ByResolution<T>& table, int64_t resolution, T base) {
  const auto entry = table.find(resolution);
  return entry == table.end() ? base : entry->second;
}

double lod_at(const Config& config, int64_t images_shown) {
  const int64_t training = images_in(config.schedule.lod_training_kimg);
  const int64_t transition = images_in(config.schedule.lod_transition_kimg);
  const int64_t phase = training + transition;
  const int64_t index = phase > 0 ? images_shown / phase : 0;
  const int64_t faded = std::max<int64_t>(images_shown - index * phase - training, 0);
  double lod = static_cast<double>(levels_to_grow(config) - index);
  if (transition > 0) lod -= static_cast<double>(faded) / static_cast<double>(transition);
  return std::max(lod, 0.0);
}

// A stage of a schedule in iterations or epochs.
struct TableStage {
  int64_t resolution = 4;
  int64_t first = 0, end = 0;  // images
  int64_t minibatch = 1;
  double fade = 0.0;  // images
};

int64_t data_images(const Config& config) {
  PG_CHECK(config.data.images > 0, UsageError,
           "data.images is not known yet, and schedule.unit = epochs counts them; give it or a ",
           "data set to take it from");
  return config.data.images;
}

// `length` iterations or epochs; whole minibatches where an epoch is made of whole ones.
double length_in_images(const Config& config, double length, int64_t minibatch) {
  const auto n = static_cast<double>(minibatch);
  if (config.schedule.unit == ScheduleUnit::iterations) return std::floor(length) * n;
  const int64_t images = data_images(config);
  if (config.schedule.last_batch != LastBatch::drop) return length * static_cast<double>(images);
  // A set smaller than the minibatch makes one of it (Minibatches).
  return std::floor(length * static_cast<double>(std::max<int64_t>(images / minibatch, 1))) * n;
}

std::vector<TableStage> table_stages(const Config& config) {
  const ScheduleConfig& s = config.schedule;
  std::vector<TableStage> table;
  int64_t first = 0, resolution = s.lod_initial_resolution;
  for (int64_t left = levels_to_grow(config); left >= 0; --left, resolution *= 2) {
    const int64_t n = minibatch_at(config, resolution);
    const double length = at_resolution(s.stage_lengths, resolution, s.stage_length);
    const int64_t end = first + std::llround(length_in_images(config, length, n));
    const double fade = left == levels_to_grow(config) || resolution == 4
                            ? 0.0
                            : length_in_images(config, s.fade_length, n);
    table.push_back({resolution, first, end, n, fade});
    first = end;
  }
  return table;
}

// The weight of a stage's resolution after `shown` of its images.
double alpha_at(const ScheduleConfig& s, const TableStage& stage, int64_t shown) {
  if (stage.fade <= 0.0) return 1.0;
  const int64_t step = std::max<int64_t>(s.alpha_step * stage.minibatch, 1);
  const auto done = static_cast<double>(shown / step * step + s.alpha_offset * stage.minibatch);
  return std::min(1.0, s.alpha_start + done / stage.fade);
}

TableStage stage_of_image(const std::vector<TableStage>& table, int64_t image) {
  for (const TableStage& stage : table) {
    if (image < stage.end) return stage;
  }
  return table.back();
}

// First image of a stage that is not faded.
int64_t fade_end(const ScheduleConfig& s, const TableStage& stage) {
  int64_t low = stage.first, high = stage.end;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (alpha_at(s, stage, middle - stage.first) < 1.0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// Sets what a point has of the growth: lod, resolution, alpha.
void grow_by_kimg(const Config& config, int64_t images_shown, SchedulePoint& point) {
  point.lod = lod_at(config, images_shown);
  const double whole = std::floor(point.lod);
  point.resolution = config.model.resolution >> static_cast<int64_t>(whole);
  point.fading = point.lod > whole ? Fading::on : Fading::off;
  point.alpha = 1.0 - (point.lod - whole);
}

void grow_by_table(const Config& config, int64_t images_shown, SchedulePoint& point) {
  const TableStage stage = stage_of_image(table_stages(config), images_shown);
  point.resolution = stage.resolution;
  point.alpha = alpha_at(config.schedule, stage, images_shown - stage.first);
  point.fading = point.alpha < 1.0 ? Fading::on : Fading::off;
  point.lod = static_cast<double>(log2_of(config.model.resolution / stage.resolution)) +
              (1.0 - point.alpha);
}

// exp(-5 (1 - k / rampup)^2) for the first `rampup` kimg (official misc.rampup).
double learning_rate_factor(const Config& config, int64_t images_shown) {
  const double rampup = config.optimizer.rampup_kimg;
  const double kimg = static_cast<double>(images_shown) / 1000.0;
  if (kimg >= rampup) return 1.0;
  const double left = 1.0 - kimg / rampup;
  return std::exp(-5.0 * left * left);
}

}  // namespace

int64_t images_in(double kimg) { return std::llround(kimg * 1000.0); }

SchedulePoint schedule_at(const Config& config, int64_t images_shown) {
  PG_ASSERT(images_shown >= 0);
  SchedulePoint point;
  if (config.schedule.unit == ScheduleUnit::kimg) {
    grow_by_kimg(config, images_shown, point);
  } else {
    grow_by_table(config, images_shown, point);
  }
  point.minibatch = minibatch_at(config, point.resolution);
  const OptimizerConfig& o = config.optimizer;
  const double factor = learning_rate_factor(config, images_shown);
  point.g_learning_rate =
      factor * at_resolution(o.learning_rate, point.resolution, o.g_learning_rate);
  point.d_learning_rate =
      factor * at_resolution(o.learning_rate, point.resolution, o.d_learning_rate);
  point.tick_kimg =
      at_resolution(config.schedule.tick_kimg, point.resolution, config.schedule.tick_kimg_base);
  return point;
}

bool optimizer_resets_between(double previous_lod, double lod) {
  return std::floor(previous_lod) != std::floor(lod) || std::ceil(previous_lod) != std::ceil(lod);
}

namespace {

// Collects spans without gaps, none of them empty, none past the end.
class Spans {
 public:
  explicit Spans(int64_t total) : total_(total) {}
  void add(int64_t resolution, Fading fading, int64_t end) {
    end = std::min(end, total_);
    if (end > first_) spans_.push_back({resolution, fading, first_, end});
    first_ = std::max(first_, end);
  }
  std::vector<StageSpan> take() { return std::move(spans_); }

 private:
  int64_t total_, first_ = 0;
  std::vector<StageSpan> spans_;
};

void add_by_kimg(const Config& config, Spans& spans) {
  const int64_t training = images_in(config.schedule.lod_training_kimg);
  const int64_t phase = training + images_in(config.schedule.lod_transition_kimg);
  const int64_t levels = phase > 0 ? levels_to_grow(config) : 0;
  int64_t resolution = config.schedule.lod_initial_resolution;
  for (int64_t i = 0; i < levels; ++i) {
    // At the very image where a fade starts its weight is still 0 (lod is whole).
    const bool fades = phase > training;
    spans.add(resolution, Fading::off, i * phase + training + (fades ? 1 : 0));
    resolution *= 2;
    spans.add(resolution, Fading::on, (i + 1) * phase);
  }
  spans.add(resolution, Fading::off, total_images(config));
}

}  // namespace

std::vector<StageSpan> stages(const Config& config) {
  Spans spans(total_images(config));
  if (config.schedule.unit == ScheduleUnit::kimg) {
    add_by_kimg(config, spans);
  } else {
    for (const TableStage& stage : table_stages(config)) {
      spans.add(stage.resolution, Fading::on, fade_end(config.schedule, stage));
      spans.add(stage.resolution, Fading::off, stage.end);
    }
  }
  return spans.take();
}

int64_t total_images(const Config& config) {
  const int64_t limit = images_in(config.schedule.total_kimg);
  if (config.schedule.unit == ScheduleUnit::kimg) return limit;
  const int64_t end = table_stages(config).back().end;
  return limit > 0 ? std::min(limit, end) : end;
}

std::string stage_name(int64_t resolution, Fading fading) {
  return message(resolution, "x", resolution, fading == Fading::on ? " fading" : " stable");
}

}  // namespace pg
