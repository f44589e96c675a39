// checkpoint.cpp: tensors and metadata of a checkpoint.
#include "model/run/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <sstream>

#include "data/files/shown.h"
#include "model/config/schedule.h"
#include "model/run/growth.h"
#include "model/run/network_file.h"

namespace pg {
namespace {

constexpr const char* kFormat = "progan_cuda checkpoint";
// Format 1 lacks iterations, rollbacks, best and sums; they get their initial values.
constexpr const char* kVersion = "2";

// The shortest text that reads back as the same number.
template <typename T>
std::string text_of(T value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value);
  return {text, end.ptr};
}

template <typename T>
void parse(const Safetensors& file, const char* key, T& value) {
  if (file.metadata_at("version") == "1" && !file.metadata().contains(key)) return;
  const std::string& text = file.metadata_at(key);
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  PG_CHECK(end.ec == std::errc{} && end.ptr == text.data() + text.size(), FormatError,
           "checkpoint '", file.path().string(), "': ", key, ": expected a number, got '",
           shown(text), "'");
}

// Calls f(key, member) for every number in the metadata.
template <typename Counters, typename Random, typename F>
void for_each_number(Counters& c, Random& r, F&& f) {
  f("images_shown", c.images_shown);
  f("lod", c.lod);
  f("looked_at", c.looked_at);
  f("repeat", c.repeat);
  f("critic_steps", c.critic_steps);
  f("tick_start", c.tick_start);
  f("next_images", c.next_images);
  f("next_checkpoint", c.next_checkpoint);
  f("data_position", c.data_position);
  f("iterations", c.iterations);
  f("rollbacks", c.rollbacks);
  f("rollback_to", c.rollback_to);
  f("best", c.best);
  f("random_latents", r.latents);
  f("random_mixing", r.mixing);
  f("random_latents_before", r.latents_before);
}

// ParameterStore::factors as "1 1.0003 ..."; empty if all are 1.
std::string factors_text(const ParameterStore& store) {
  std::string text;
  bool any = false;
  for (const double f : store.factors()) {
    if (!text.empty()) text += ' ';
    text += text_of(f);
    any = any || f != 1.0;
  }
  return any ? text : "";
}

// Of the parameters in use at `resolution`; the others keep theirs.
void read_factors(const Safetensors& file, const std::string& network, int64_t resolution,
                  ParameterStore& store) {
  const auto entry = file.metadata().find(network + ".factors");
  std::vector<double> factors = store.factors();
  const auto count = store.views(store.flat(), resolution).size();
  std::fill_n(factors.begin(), count, 1.0);
  if (entry != file.metadata().end()) {
    std::istringstream text(entry->second);
    for (size_t i = 0; i < count; ++i) text >> factors[i];
    PG_CHECK(!text.fail() && (text >> std::ws).eof(), FormatError, "checkpoint '",
             file.path().string(), "': ", network, ".factors: expected ", count, " numbers, got '",
             shown(entry->second), "'");
  }
  store.set_factors(std::move(factors));
}

std::string sums_text(const StatsSums& sums) {
  std::string text = text_of(sums.iterations) + ' ' + text_of(sums.g_iterations);
  for (const double value : sums.values) text += ' ' + text_of(value);
  return text;
}

// Parses words, not streamed numbers: a sum may be nan or inf, which streams do not read.
StatsSums read_sums(const Safetensors& file, const char* key) {
  constexpr size_t kCount = StatsSums::kCount;
  if (file.metadata_at("version") == "1") return {};
  std::istringstream text(file.metadata_at(key));
  std::vector<double> numbers;
  for (std::string word; text >> word;) {
    double value = 0;
    const auto end = std::from_chars(word.data(), word.data() + word.size(), value);
    if (end.ec != std::errc{} || end.ptr != word.data() + word.size()) break;
    numbers.push_back(value);
  }
  const auto is_count = [](double n) { return n >= 0 && n <= 1e15; };
  PG_CHECK(text.eof() && (numbers.size() == 2 || numbers.size() == kCount + 2) &&
               is_count(numbers[0]) && is_count(numbers[1]),
           FormatError, "checkpoint '", file.path().string(), "': ", key, ": expected ", kCount + 2,
           " numbers, got '", shown(file.metadata_at(key)), "'");
  return {.iterations = static_cast<int64_t>(numbers[0]),
          .g_iterations = static_cast<int64_t>(numbers[1]),
          .values = {numbers.begin() + 2, numbers.end()}};
}

const std::string& at(const Metadata& metadata, const std::filesystem::path& path,
                      const char* key) {
  const auto entry = metadata.find(key);
  PG_CHECK(entry != metadata.end(), FormatError, "'", path.string(), "' is not a checkpoint: ", key,
           " is missing");
  return entry->second;
}

// Whether this program can read a file with this header.
void check_format(const Metadata& metadata, const std::filesystem::path& path) {
  const auto format = metadata.find("format");
  PG_CHECK(format != metadata.end() && format->second == kFormat, FormatError, "'", path.string(),
           "' is a safetensors file but not a progan_cuda checkpoint; import it first: progan_cuda "
           "import");
  const std::string& version = at(metadata, path, "version");
  PG_CHECK(version == "1" || version == kVersion, NewerFormatError, "checkpoint '", path.string(),
           "': expected format version 1 or ", kVersion, ", got ", shown(version),
           "; use the program that wrote it or a newer one");
}

int64_t count_in(const Metadata& metadata, const std::filesystem::path& path, const char* key) {
  const std::string& text = at(metadata, path, key);
  int64_t count = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), count);
  PG_CHECK(end.ec == std::errc{} && end.ptr == text.data() + text.size() && count >= 0, FormatError,
           "checkpoint '", path.string(), "': ", key, ": expected a count, got '", shown(text),
           "'");
  return count;
}

Config config_in(const Metadata& metadata, const std::filesystem::path& path) {
  try {
    return config_from_toml(at(metadata, path, "config"), path.string());
  } catch (const UsageError& error) {
    throw NewerFormatError(message("the configuration in a checkpoint is not one of this program (",
                                   error.what(),
                                   "); use the program that wrote it or a newer one"));
  }
}

// A checkpoint is an input like any other: numbers that no run writes must not steer one.
void check_ranges(const TrainingCounters& c, const std::filesystem::path& path) {
  constexpr double kMost = 1e15;  // images, iterations
  const auto in_range = [&](const char* key, auto value, double least, double most) {
    const auto number = static_cast<double>(value);
    PG_CHECK(number >= least && number <= most, FormatError, "checkpoint '", path.string(),
             "': ", key, ": expected a number from ", least, " to ", most, ", got ",
             text_of(value));
  };
  const auto images = static_cast<double>(c.images_shown);
  in_range("images_shown", c.images_shown, 0, kMost);
  if (c.lod != kNoLod) in_range("lod", c.lod, 0, 10);
  in_range("looked_at", c.looked_at, 0, images);
  in_range("repeat", c.repeat, 0, kMost);
  in_range("critic_steps", c.critic_steps, 0, kMost);
  in_range("tick_start", c.tick_start, 0, images);
  in_range("next_images", c.next_images, 0, 2 * kMost);
  in_range("next_checkpoint", c.next_checkpoint, 0, 2 * kMost);
  in_range("data_position", c.data_position, 0, kMost);
  in_range("iterations", c.iterations, 0, kMost);
  in_range("rollbacks", c.rollbacks, 0, 1e6);
  in_range("rollback_to", c.rollback_to, -1, kMost);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  in_range("best", c.best, -kInfinity, kInfinity);  // not NaN
}

TrainingCounters read_numbers(const Safetensors& file, RandomState& random) {
  TrainingCounters counters;
  for_each_number(counters, random, [&](const char* key, auto& value) { parse(file, key, value); });
  counters.tick = read_sums(file, "sums_of_tick");
  counters.window = read_sums(file, "sums_of_window");
  check_ranges(counters, file.path());
  return counters;
}

std::vector<int64_t> extents(const Shape& s) { return {s.n, s.h, s.w, s.c}; }

// "F32 [1, 1, 1, 8]"
std::string described(StoredType type, const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return message(name_of(type), " [", text, "]");
}

template <typename T>
void check_values(const Safetensors& file, const StoredTensor& tensor,
                  const std::vector<std::byte>& bytes) {
  // Second moments and step counts of Adam are never negative.
  const bool signless = tensor.name.ends_with(".adam/v") || tensor.name.ends_with(".adam/t");
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * static_cast<int64_t>(sizeof value), sizeof value);
    PG_CHECK(std::isfinite(value) && !(signless && value < 0), FormatError, "checkpoint '",
             file.path().string(), "': ", tensor.name, "[", i, "]: expected a finite number",
             signless ? " of at least 0" : "", ", got ", value, "; use another checkpoint");
  }
}

void load(const Safetensors& file, const std::string& name, const Tensor& to) {
  const StoredTensor& stored = file.at(name);
  const StoredType type = stored_type(to.dtype());
  const std::vector<int64_t> shape = extents(to.shape());
  PG_CHECK(stored.shape == shape && stored.dtype == type, FormatError, "checkpoint '",
           file.path().string(), "': tensor '", name, "': expected ", described(type, shape),
           " for this configuration, got ", described(stored.dtype, stored.shape));
  const std::vector<std::byte> bytes = file.read(stored);
  if (type == StoredType::f32) check_values<float>(file, stored, bytes);
  if (type == StoredType::f64) check_values<double>(file, stored, bytes);
  to.backend().upload(to.mutable_view(), bytes.data());
  to.backend().synchronize();
}

// Those in use at `resolution`.
void read_parameters(const Safetensors& file, const std::string& network, int64_t resolution,
                     ParameterStore& store) {
  const std::vector<Tensor> views = store.views(store.flat(), resolution);
  for (size_t i = 0; i < views.size(); ++i) {
    load(file, message(network, "/", store.specs()[i].name), views[i]);
  }
  read_factors(file, network, resolution, store);
}

// The lod counts from the new final resolution; files and statistics of the former run do not
// count. Networks of another program, all grown, have no place in a schedule yet: they fade in at
// once.
void start_growth(const Config& before, const Config& config, TrainingCounters& counters) {
  const int64_t from = before.model.resolution;
  if (counters.lod != kNoLod) counters.lod += std::log2(config.model.resolution / from);
  counters.rollback_to = -1;
  counters.best = TrainingCounters().best;
  const Fade fade = schedule_at(config, counters.images_shown).fade;
  const bool imported = before.data.path.empty() && counters.iterations == 0;
  if (!imported || fade.resolution != from || fade.fading()) return;
  counters.images_shown = counters.tick_start = start_of_growth(config, from);
}

}  // namespace

void write_checkpoint(const OutputPath& to, const Gan& gan, const TrainingCounters& counters) {
  const auto state = gan.state().tensors();
  std::vector<std::vector<std::byte>> host(state.size());
  std::vector<NamedBuffer> buffers;
  for (size_t i = 0; i < state.size(); ++i) {
    const auto& [name, tensor] = state[i];
    host[i].resize(static_cast<size_t>(tensor.numel() * size_of(tensor.dtype())));
    tensor.backend().download(host[i].data(), tensor.view());
    buffers.push_back({name, stored_type(tensor.dtype()), extents(tensor.shape()), host[i].data()});
  }
  const RandomState random = gan.state().random_state();
  Metadata metadata = {
      {"format", kFormat}, {"version", kVersion}, {"config", to_toml(gan.config())}};
  metadata["sums"] = sums_text(gan.stats().sums());
  metadata["sums_of_tick"] = sums_text(counters.tick);
  metadata["sums_of_window"] = sums_text(counters.window);
  for (const auto& [name, store] : gan.state().networks()) {
    const std::string factors = factors_text(*store);
    if (!factors.empty()) metadata[name + ".factors"] = factors;
  }
  for_each_number(counters, random,
                  [&](const char* key, auto value) { metadata[key] = text_of(value); });
  write_safetensors(to, buffers, metadata);
}

TrainingCounters read_counters(const Safetensors& file) {
  RandomState random;
  return read_numbers(file, random);
}

TrainingCounters read_checkpoint(const std::filesystem::path& path, Gan& gan) {
  const Safetensors file = open_checkpoint(path);
  RandomState random;
  TrainingCounters counters = read_numbers(file, random);
  const Config before = checkpoint_config(file);
  const int64_t trained = before.model.resolution;
  const int64_t wanted = gan.config().model.resolution;
  PG_CHECK(trained <= wanted, FormatError, "checkpoint '", path.string(), "' holds networks of ",
           trained, "x", trained, ", but the configuration has ", wanted, "x", wanted);
  GanState& state = gan.state();
  for (const auto& [name, store] : state.networks()) read_parameters(file, name, trained, *store);
  for (const auto& [name, adam, store] : state.optimizers()) {
    const int64_t count = store->prefix(trained);
    for (const auto& [part, tensor] : adam->state()) {
      const bool of_each = tensor.shape() == store->flat().shape();
      load(file, name + "/" + part, of_each ? tensor.alias({1, 1, 1, count}, 0) : tensor);
    }
  }
  if (trained < wanted) start_growth(before, gan.config(), counters);
  state.set_random_state(random);
  gan.stats().set(read_sums(file, "sums"));
  return counters;
}

Safetensors open_checkpoint(const std::filesystem::path& path) {
  Safetensors file(path);
  check_format(file.metadata(), path);
  return file;
}

CheckpointHeader read_checkpoint_header(const std::filesystem::path& path) {
  const Metadata metadata = read_safetensors_metadata(path);
  check_format(metadata, path);
  CheckpointHeader header{.images_shown = count_in(metadata, path, "images_shown")};
  if (metadata.contains("iterations")) header.iterations = count_in(metadata, path, "iterations");
  header.looked_at =
      metadata.contains("looked_at") ? count_in(metadata, path, "looked_at") : header.images_shown;
  return header;
}

Config checkpoint_config(const Safetensors& file) {
  return config_in(file.metadata(), file.path());
}

Config config_in_header(const std::filesystem::path& path) {
  const Metadata metadata = read_safetensors_metadata(path);
  check_format(metadata, path);
  return config_in(metadata, path);
}

Config checkpoint_config(const std::filesystem::path& path) {
  return checkpoint_config(open_checkpoint(path));
}

void read_network(const Safetensors& file, const std::string& network, ParameterStore& store) {
  if (!is_network_file(file.metadata())) {
    return read_parameters(file, network, store.specs().back().resolution, store);
  }
  check_exported(file, network);
  const std::vector<Tensor> views = store.all();
  for (size_t i = 0; i < views.size(); ++i) load(file, store.specs()[i].name, views[i]);
  store.set_factors(exported_factors(file, store));
}

void read_ema(const std::filesystem::path& path, ParameterStore& ema) {
  read_network(open_checkpoint(path), "Gs", ema);
}

}  // namespace pg
