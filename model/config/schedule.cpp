// schedule.cpp: the point of the schedule after a given number of images.
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
           "model.resolution is unknown; set it or give a data set");
  return log2_of(config.model.resolution) - log2_of(config.schedule.lod_initial_resolution);
}

template <typename T>
T at_resolution(const ByResolution<T>& table, int64_t resolution, T base) {
  const auto entry = table.find(resolution);
  return entry == table.end() ? base : entry->second;
}

// The images of a schedule without extra_kimg at the same place: it stands still during extra ones.
int64_t without_extra(const Config& config, int64_t images_shown) {
  const ScheduleConfig& s = config.schedule;
  const int64_t training = images_in(s.lod_training_kimg);
  const int64_t phase = training + images_in(s.lod_transition_kimg);
  for (const auto& [resolution, kimg] : s.extra_kimg) {  // lowest resolution first
    const int64_t index = log2_of(resolution) - log2_of(s.lod_initial_resolution);
    const bool grows = resolution < config.model.resolution;  // the last stage ends with the run
    if (index < 0 || !grows || phase == 0) continue;
    // The last place at this resolution: a fade starts after a whole lod.
    const int64_t last = index * phase + training - (phase > training ? 0 : 1);
    if (images_shown <= last) break;
    images_shown = std::max(images_shown - images_in(kimg), last);
  }
  return images_shown;
}

double lod_at(const Config& config, int64_t images_shown) {
  images_shown = without_extra(config, images_shown);
  const int64_t training = images_in(config.schedule.lod_training_kimg);
  const int64_t transition = images_in(config.schedule.lod_transition_kimg);
  const int64_t phase = training + transition;
  const int64_t index = phase > 0 ? images_shown / phase : 0;
  const int64_t faded = std::max<int64_t>(images_shown - index * phase - training, 0);
  double lod = static_cast<double>(levels_to_grow(config) - index);
  if (transition > 0) lod -= static_cast<double>(faded) / static_cast<double>(transition);
  return std::max(lod, 0.0);
}

// One resolution, with its fade, of a schedule in iterations or epochs.
struct Row {
  int64_t resolution = 4;
  int64_t first = 0, end = 0;  // images
  int64_t minibatch = 1;
  double fade = 0.0;  // images
};

int64_t data_images(const Config& config) {
  PG_CHECK(
      config.data.images > 0, UsageError,
      "data.images is unknown, but schedule.unit = epochs needs it; set it or give a data set");
  return config.data.images;
}

// `length` iterations or epochs; whole minibatches if an epoch consists of whole ones.
double length_in_images(const Config& config, double length, int64_t minibatch) {
  const auto n = static_cast<double>(minibatch);
  if (config.schedule.unit == ScheduleUnit::iterations) return std::floor(length) * n;
  const int64_t images = data_images(config);
  if (config.schedule.last_batch != LastBatch::drop) return length * static_cast<double>(images);
  // A data set smaller than the minibatch is repeated to fill one (Minibatches).
  return std::floor(length * static_cast<double>(std::max<int64_t>(images / minibatch, 1))) * n;
}

std::vector<Row> rows(const Config& config) {
  const ScheduleConfig& s = config.schedule;
  std::vector<Row> table;
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

// alpha after `shown` images of a row.
double alpha_at(const ScheduleConfig& s, const Row& row, int64_t shown) {
  if (row.fade <= 0.0) return 1.0;
  const int64_t step = std::max<int64_t>(s.alpha_step * row.minibatch, 1);
  const auto done = static_cast<double>(shown / step * step + s.alpha_offset * row.minibatch);
  return std::min(1.0, s.alpha_start + done / row.fade);
}

Row row_of_image(const std::vector<Row>& table, int64_t image) {
  for (const Row& row : table) {
    if (image < row.end) return row;
  }
  return table.back();
}

// First image of a row at which its resolution is stable.
int64_t fade_end(const ScheduleConfig& s, const Row& row) {
  int64_t low = row.first, high = row.end;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (alpha_at(s, row, middle - row.first) < 1.0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// Sets lod and fade.
void grow_by_kimg(const Config& config, int64_t images_shown, SchedulePoint& point) {
  point.lod = lod_at(config, images_shown);
  const double whole = std::floor(point.lod);
  point.fade = {.resolution = config.model.resolution >> static_cast<int64_t>(whole),
                .alpha = 1.0 - (point.lod - whole)};
}

void grow_by_table(const Config& config, int64_t images_shown, SchedulePoint& point) {
  const Row row = row_of_image(rows(config), images_shown);
  point.fade = {.resolution = row.resolution,
                .alpha = alpha_at(config.schedule, row, images_shown - row.first)};
  point.lod = static_cast<double>(log2_of(config.model.resolution / row.resolution)) +
              (1.0 - point.fade.alpha);
}

// exp(-5 (1 - k / rampup)^2) for the first `rampup` kimg (official misc.rampup).
double learning_rate_factor(const Config& config, int64_t images_shown) {
  const double rampup = config.optimizer.rampup_kimg;
  const double kimg = kimg_of(images_shown);
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
  const int64_t resolution = point.fade.resolution;
  point.minibatch = minibatch_at(config, resolution);
  const OptimizerConfig& o = config.optimizer;
  const double factor = learning_rate_factor(config, images_shown);
  point.g_learning_rate = factor * at_resolution(o.learning_rate, resolution, o.g_learning_rate);
  point.d_learning_rate = factor * at_resolution(o.learning_rate, resolution, o.d_learning_rate);
  point.tick_kimg =
      at_resolution(config.schedule.tick_kimg, resolution, config.schedule.tick_kimg_base);
  return point;
}

int64_t images_at_lod(const Config& config, double lod) {
  // lod never rises: the first image at which it is not above the wanted one.
  int64_t first = 0, last = stages(config).back().first;
  while (first < last) {
    const int64_t middle = first + (last - first) / 2;
    schedule_at(config, middle).lod <= lod ? last = middle : first = middle + 1;
  }
  const auto distance = [&](int64_t images) {
    return std::abs(schedule_at(config, images).lod - lod);
  };
  return first > 0 && distance(first - 1) < distance(first) ? first - 1 : first;
}

bool optimizer_resets_between(double previous_lod, double lod) {
  return std::floor(previous_lod) != std::floor(lod) || std::ceil(previous_lod) != std::ceil(lod);
}

namespace {

// Collects stages without gaps, none of them empty or past the end.
class Stages {
 public:
  explicit Stages(int64_t total) : total_(total) {}
  void add_fading(int64_t resolution, int64_t end) { add(resolution, true, end); }
  void add_stable(int64_t resolution, int64_t end) { add(resolution, false, end); }
  std::vector<Stage> take() { return std::move(stages_); }

 private:
  void add(int64_t resolution, bool fading, int64_t end) {
    end = std::min(end, total_);
    if (end > first_) stages_.push_back({resolution, fading, first_, end});
    first_ = std::max(first_, end);
  }

  int64_t total_, first_ = 0;
  std::vector<Stage> stages_;
};

void add_by_kimg(const Config& config, Stages& stages) {
  const int64_t training = images_in(config.schedule.lod_training_kimg);
  const int64_t phase = training + images_in(config.schedule.lod_transition_kimg);
  const int64_t levels = phase > 0 ? levels_to_grow(config) : 0;
  int64_t resolution = config.schedule.lod_initial_resolution, extra = 0;
  for (int64_t i = 0; i < levels; ++i) {
    // The first image of a fade has a whole lod, so it is still shown at the old resolution.
    const bool fades = phase > training;
    extra += images_in(at_resolution(config.schedule.extra_kimg, resolution, 0.0));
    stages.add_stable(resolution, i * phase + training + extra + (fades ? 1 : 0));
    resolution *= 2;
    stages.add_fading(resolution, (i + 1) * phase + extra);
  }
  stages.add_stable(resolution, total_images(config));
}

}  // namespace

std::vector<Stage> stages(const Config& config) {
  Stages stages(total_images(config));
  if (config.schedule.unit == ScheduleUnit::kimg) {
    add_by_kimg(config, stages);
  } else {
    for (const Row& row : rows(config)) {
      stages.add_fading(row.resolution, fade_end(config.schedule, row));
      stages.add_stable(row.resolution, row.end);
    }
  }
  return stages.take();
}

SchedulePoint last_reading(const Config& config) {
  const ScheduleConfig& s = config.schedule;
  SchedulePoint last = schedule_at(config, 0);
  int64_t images = 0;
  for (const Stage& stage : stages(config)) {
    if (images >= stage.end) continue;  // no reading falls into it
    const int64_t minibatch = minibatch_at(config, stage.resolution);
    const int64_t between = s.repeat_images ? minibatch : minibatch * s.minibatch_repeats;
    const int64_t reading = images + (stage.end - 1 - images) / between * between;
    last = schedule_at(config, reading);
    images = reading + between;
  }
  return last;
}

int64_t total_images(const Config& config) {
  const int64_t limit = images_in(config.schedule.total_kimg);
  if (config.schedule.unit == ScheduleUnit::kimg) return limit;
  const int64_t end = rows(config).back().end;
  return limit > 0 ? std::min(limit, end) : end;
}

std::string stage_name(const Fade& fade) {
  return message(fade.resolution, "x", fade.resolution, fade.fading() ? " fading" : " stable");
}

}  // namespace pg
