// checkpoint.cpp: tensors and metadata of a checkpoint.
#include "model/run/checkpoint.h"

#include <charconv>
#include <sstream>

#include "data/files/shown.h"
#include "data/formats/safetensors.h"

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

void read_factors(const Safetensors& file, const std::string& network, ParameterStore& store) {
  const auto entry = file.metadata().find(network + ".factors");
  std::vector<double> factors(store.specs().size(), 1.0);
  if (entry != file.metadata().end()) {
    std::istringstream text(entry->second);
    for (double& f : factors) text >> f;
    PG_CHECK(!text.fail() && (text >> std::ws).eof(), FormatError, "checkpoint '",
             file.path().string(), "': ", network, ".factors: expected ", factors.size(),
             " numbers, got '", shown(entry->second), "'");
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
  PG_CHECK(text.eof() && (numbers.size() == 2 || numbers.size() == kCount + 2), FormatError,
           "checkpoint '", file.path().string(), "': ", key, ": expected ", kCount + 2,
           " numbers, got '", shown(file.metadata_at(key)), "'");
  return {.iterations = static_cast<int64_t>(numbers[0]),
          .g_iterations = static_cast<int64_t>(numbers[1]),
          .values = {numbers.begin() + 2, numbers.end()}};
}

Safetensors open_checkpoint(const std::filesystem::path& path) {
  Safetensors file(path);
  const auto format = file.metadata().find("format");
  PG_CHECK(format != file.metadata().end() && format->second == kFormat, FormatError, "'",
           path.string(), "' is a safetensors file but not a progan_cuda checkpoint");
  const std::string& version = file.metadata_at("version");
  PG_CHECK(version == "1" || version == kVersion, FormatError, "checkpoint '", path.string(),
           "': expected format version 1 or ", kVersion, ", got ", shown(version),
           "; use the program that wrote it or a newer one");
  return file;
}

std::vector<int64_t> extents(const Shape& s) { return {s.n, s.h, s.w, s.c}; }

// "F32 [1, 1, 1, 8]"
std::string described(StoredType type, const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return message(name_of(type), " [", text, "]");
}

void load(const Safetensors& file, const std::string& name, const Tensor& to) {
  const StoredTensor& stored = file.at(name);
  const StoredType type = stored_type(to.dtype());
  const std::vector<int64_t> shape = extents(to.shape());
  PG_CHECK(stored.shape == shape && stored.dtype == type, FormatError, "checkpoint '",
           file.path().string(), "': tensor '", name, "': expected ", described(type, shape),
           " for this configuration, got ", described(stored.dtype, stored.shape));
  to.backend().upload(to.mutable_view(), stored.data);
  to.backend().synchronize();
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Gan& gan,
                      const TrainingCounters& counters) {
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
  write_safetensors(path, buffers, metadata);
}

TrainingCounters read_checkpoint(const std::filesystem::path& path, Gan& gan) {
  const Safetensors file = open_checkpoint(path);
  GanState& state = gan.state();
  for (const auto& [name, tensor] : state.tensors()) load(file, name, tensor);
  for (const auto& [name, store] : state.networks()) read_factors(file, name, *store);
  TrainingCounters counters;
  RandomState random;
  for_each_number(counters, random, [&](const char* key, auto& value) { parse(file, key, value); });
  state.set_random_state(random);
  gan.stats().set(read_sums(file, "sums"));
  counters.tick = read_sums(file, "sums_of_tick");
  counters.window = read_sums(file, "sums_of_window");
  return counters;
}

void check_checkpoint(const std::filesystem::path& path) { open_checkpoint(path); }

Config checkpoint_config(const std::filesystem::path& path) {
  const Safetensors file = open_checkpoint(path);
  return config_from_toml(file.metadata_at("config"), path.string());
}

void read_network(const std::filesystem::path& path, const std::string& network,
                  ParameterStore& store) {
  const Safetensors file = open_checkpoint(path);
  const std::vector<Tensor> views = store.all();
  for (size_t i = 0; i < views.size(); ++i) {
    load(file, message(network, "/", store.specs()[i].name), views[i]);
  }
  read_factors(file, network, store);
}

void read_ema(const std::filesystem::path& path, ParameterStore& ema) {
  read_network(path, "Gs", ema);
}

}  // namespace pg
