// config.cpp: values derived from a configuration, and rules between its values.
#include "model/config/config.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"
#include "model/config/config_keys.h"
#include "model/config/config_names.h"
#include "model/config/micro_batch.h"

namespace pg {

namespace {

int64_t final_or_largest_resolution(const Config& config) {
  return config.model.resolution == 0 ? kMaxResolution : config.model.resolution;
}

void validate_growth(const Config& config) {
  const ScheduleConfig& s = config.schedule;
  const int64_t last = final_or_largest_resolution(config);
  const bool by_kimg = s.unit == ScheduleUnit::kimg;
  PG_CHECK(!by_kimg || s.total_kimg > 0.0, UsageError, "schedule.total_kimg: expected a number ",
           "above 0 with schedule.unit = kimg, got 0");
  PG_CHECK(s.last_batch != LastBatch::keep || s.unit == ScheduleUnit::epochs, UsageError,
           "schedule.last_batch = keep needs schedule.unit = epochs, got ", name_of(s.unit),
           "; use across or drop");
  PG_CHECK(s.lod_initial_resolution <= last, UsageError,
           "schedule.lod_initial_resolution: expected ", "at most model.resolution, ", last,
           ", got ", s.lod_initial_resolution);
  const bool grows = by_kimg && config.model.resolution != 0 && s.lod_initial_resolution < last;
  PG_CHECK(
      !grows || std::llround((s.lod_training_kimg + s.lod_transition_kimg) * 1000.0) > 0,
      UsageError,
      "schedule.lod_training_kimg and schedule.lod_transition_kimg are both 0: training would ",
      "never leave ", s.lod_initial_resolution, "x", s.lod_initial_resolution,
      "; set one of them, or schedule.lod_initial_resolution = ", last);
}

// Minibatch stddev needs whole groups: G = min(group size, N) divides N.
void validate_groups(const Config& config) {
  const int64_t size = config.model.mbstd_group_size;
  if (size == 0 || config.model.mbstd_remainder == GroupRemainder::whole) return;
  const int64_t last = final_or_largest_resolution(config);
  for (int64_t r = config.schedule.lod_initial_resolution; r <= last; r *= 2) {
    const int64_t n = minibatch_at(config, r);
    PG_CHECK(n % std::min(size, n) == 0, UsageError, "the minibatch of ", n, " images at ", r, "x",
             r, " is not a multiple of model.mbstd_group_size = ", size,
             "; choose a multiple with --batch, schedule.minibatch or schedule.max_minibatch");
    PG_CHECK(
        size >= n || config.schedule.last_batch != LastBatch::keep, UsageError,
        "schedule.last_batch = keep makes minibatches of any size, including ones that are not a ",
        "multiple of model.mbstd_group_size = ", size, "; set model.mbstd_remainder = whole");
  }
}

}  // namespace

void validate(const Config& config) {
  for (const Key& key : keys()) checked(key, key.get(config));
  preset(config.train.preset);
  validate_growth(config);
  validate_groups(config);
  validate_micro_batches(config);
}

void resolve(Config& config, const DataShape& data) {
  ModelConfig& model = config.model;
  if (model.resolution == 0) model.resolution = data.resolution;
  if (model.channels == 0) model.channels = data.channels;
  model.latent_size = latent_size(config);
  if (config.data.images == 0) config.data.images = data.images;
  if (model.label_size == 0) model.label_size = data.labels;
  PG_CHECK(model.conditioning == Conditioning::none || label_count(config) > 1, UsageError,
           "model.conditioning needs classes, but the data set '", config.data.path,
           "' has none; put the images of each class into a sub-folder");
  PG_CHECK(model.resolution <= data.resolution, UsageError, "model.resolution: expected at ",
           "most ", data.resolution, ", the resolution of the data set '", config.data.path,
           "', got ", model.resolution);
  PG_CHECK(model.channels == data.channels, UsageError, "model.channels: expected ", data.channels,
           " (or 0), the channels of the data set '", config.data.path, "', got ", model.channels);
  validate(config);
}

int64_t fmaps(const ModelConfig& m, int64_t s) {
  const double wanted =
      static_cast<double>(m.fmap_base) / std::exp2(static_cast<double>(s) * m.fmap_decay);
  return std::max<int64_t>(1, std::min(static_cast<int64_t>(wanted), m.fmap_max));
}

int64_t latent_size(const ModelConfig& m) {
  return m.latent_size == 0 ? fmaps(m, 0) : m.latent_size;
}

int64_t label_count(const ModelConfig& m) {
  return m.conditioning == Conditioning::none ? 0 : m.label_size;
}

int64_t minibatch_at(const Config& config, int64_t resolution) {
  const ScheduleConfig& s = config.schedule;
  const auto entry = s.minibatch.find(resolution);
  const int64_t n = entry == s.minibatch.end() ? s.minibatch_base : entry->second;
  return s.max_minibatch == 0 ? n : std::min(n, s.max_minibatch);
}

GridSize image_grid(const Config& config) {
  const Key* key = find_key("train.image_grid");
  checked(*key, key->get(config));
  if (config.train.image_grid == kAutoGrid) return auto_grid(final_or_largest_resolution(config));
  return *parse_grid(config.train.image_grid);
}

std::string get_key(const Config& config, std::string_view path) {
  const Key* key = find_key(path);
  if (key == nullptr) throw_unknown_key(path);
  return to_text(key->get(config));
}

Config without_paths(const Config& config) {
  const Config defaults;
  Config result = config;
  for (const Key& key : keys()) {
    if (key.form != KeyForm::path && key.form != KeyForm::name) continue;
    const bool slash = std::get<std::string>(key.get(config)).find('/') != std::string::npos;
    if (key.form == KeyForm::path || slash) key.set(result, key.get(defaults));
  }
  return result;
}

std::string describe_keys() {
  std::string out;
  for (const Key& key : keys()) out += describe_key(key);
  return out;
}

}  // namespace pg
