// config.cpp: what follows from a configuration, and what its values owe each other.
#include "model/config/config.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "kernels/error.h"
#include "model/config/config_keys.h"
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
  PG_CHECK(!by_kimg || s.total_kimg > 0.0, UsageError, "schedule.total_kimg is 0; with ",
           "schedule.unit = kimg it must say when training ends");
  PG_CHECK(s.last_batch != LastBatch::keep || s.unit == ScheduleUnit::epochs, UsageError,
           "schedule.last_batch = keep needs schedule.unit = epochs: a smaller minibatch has no ",
           "place in a schedule of iterations or kimg; take across or drop");
  PG_CHECK(s.lod_initial_resolution <= last, UsageError, "schedule.lod_initial_resolution is ",
           s.lod_initial_resolution, ", which is above model.resolution, ", last,
           "; training grows from the one to the other");
  const bool grows = by_kimg && config.model.resolution != 0 && s.lod_initial_resolution < last;
  PG_CHECK(!grows || std::llround((s.lod_training_kimg + s.lod_transition_kimg) * 1000.0) > 0,
           UsageError,
           "schedule.lod_training_kimg and schedule.lod_transition_kimg are both 0, so ",
           "training would never leave ", s.lod_initial_resolution, "x", s.lod_initial_resolution,
           "; give one of them a value, or set schedule.lod_initial_resolution to ", last);
}

// Minibatch stddev needs whole groups (numerics: G = min(group size, N), and G divides N).
void validate_groups(const Config& config) {
  const int64_t size = config.model.mbstd_group_size;
  if (size == 0 || config.model.mbstd_remainder == GroupRemainder::whole) return;
  const int64_t last = final_or_largest_resolution(config);
  for (int64_t r = config.schedule.lod_initial_resolution; r <= last; r *= 2) {
    const int64_t n = minibatch_at(config, r);
    PG_CHECK(n % std::min(size, n) == 0, UsageError, "the minibatch of ", n, " images at ", r, "x",
             r, " does not split into groups of model.mbstd_group_size = ", size,
             "; make it a multiple (schedule.minibatch, schedule.max_minibatch)");
    PG_CHECK(size >= n || config.schedule.last_batch != LastBatch::keep, UsageError,
             "schedule.last_batch = keep makes minibatches of any size, which groups of ",
             "model.mbstd_group_size = ", size,
             " may not divide; set model.mbstd_remainder = whole");
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
           "' has none; put the images of each class in a sub-folder");
  PG_CHECK(model.resolution <= data.resolution, UsageError, "model.resolution is ",
           model.resolution, ", but the data set '", config.data.path, "' ends at ",
           data.resolution, "x", data.resolution, "; build it larger or train smaller");
  PG_CHECK(model.channels == data.channels, UsageError, "model.channels is ", model.channels,
           ", but the images of the data set '", config.data.path, "' have ", data.channels,
           "; leave the key at 0 to take what the data set has");
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
  const std::string& text = config.train.image_grid;
  const char* x = text.data() + text.find('x');
  GridSize grid;
  std::from_chars(text.data(), x, grid.rows);
  std::from_chars(x + 1, text.data() + text.size(), grid.columns);
  return grid;
}

std::string get_key(const Config& config, std::string_view path) {
  const Key* key = find_key(path);
  if (key == nullptr) throw_unknown_key(path);
  return to_text(key->get(config));
}

std::string describe_keys() {
  const Config defaults;
  std::string out;
  for (const Key& key : keys()) {
    out += message(key.path, " = ", to_text(key.get(defaults)), "\n    ", key.help,
                   "\n    Allowed: ", allowed_text(key), ".\n");
  }
  return out;
}

}  // namespace pg
