// kept_speed.cpp: names and contents of the files of measured speeds.
#include "model/plan/kept_speed.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "data/files/atomic_file.h"
#include "data/files/name_hash.h"
#include "data/files/read_file.h"
#include "data/formats/json.h"
#include "data/images/resolutions.h"
#include "kernels/error.h"
#include "model/config/config_keys.h"
#include "model/config/micro_batch.h"
#include "model/config/version.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr int64_t kFormat = 1, kMostBytes = 1 << 16;

bool matters(const std::string& key) {
  if (key.starts_with("model.") || key.starts_with("loss.")) return true;
  for (const char* other : {"schedule.n_critic", "schedule.repeat_images", "train.precision",
                            "train.kernels", "train.left_out", "train.threads"}) {
    if (key == other) return true;
  }
  return false;
}

// Throws json::exception or std::exception for other contents.
ByResolution<double> rates_in(const json& file) {
  ByResolution<double> rates;
  for (const auto& [name, rate] : file.at("images_per_second").items()) {
    const int64_t resolution = std::stoll(name);
    const double value = rate.get<double>();
    const bool sensible = std::isfinite(value) && value > 0.0;
    if (!is_resolution(resolution) || !sensible) return {};
    rates[resolution] = value;
  }
  return rates;
}

}  // namespace

fs::path speed_file(const fs::path& folder, const Config& config, const std::string& device) {
  NameHash hash;
  hash.add(kFormat);
  hash.add(std::string_view(kProgramVersion));
  hash.add(device);
  for (const Key& key : keys()) {
    if (matters(key.path)) hash.add(to_text(key.get(config)));
  }
  for (int64_t r = kMinResolution; r <= config.model.resolution; r *= 2) {
    const int64_t n = minibatch_at(config, r);
    hash.add(n);
    hash.add(micro_batch_at(config, r, n));
  }
  return folder / message("speed-", hash.hex(), ".json");
}

std::optional<Speed> kept_speed(const fs::path& file, const ModelConfig& model) {
  try {
    if (!fs::exists(file)) return std::nullopt;
    const std::vector<uint8_t> bytes = read_file(file, kMostBytes);
    const json found =
        parse_json_or_discard({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (!found.is_object() || found.at("format") != kFormat) return std::nullopt;
    const ByResolution<double> rates = rates_in(found);
    if (rates.empty()) return std::nullopt;
    return Speed{.model = model, .images_per_second = rates};
  } catch (const std::exception&) {  // of this program, of JSON, of numbers or of the file system
    return std::nullopt;
  }
}

void keep_speed(const fs::path& file, const Speed& speed) {
  json rates = json::object();
  if (const auto before = kept_speed(file, speed.model)) {
    for (const auto& [r, rate] : before->images_per_second) rates[std::to_string(r)] = rate;
  }
  for (const auto& [r, rate] : speed.images_per_second) rates[std::to_string(r)] = rate;
  try {
    fs::create_directories(file.parent_path());
    AtomicFile out(file);
    out.write(json{{"format", kFormat}, {"images_per_second", rates}}.dump(1) + "\n");
    out.commit();
  } catch (const Error&) {
  } catch (const fs::filesystem_error&) {
  }
}

}  // namespace pg
