// network_file.cpp: the metadata of exported networks, and the first bytes of foreign files.
#include "model/run/network_file.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "data/files/read_file.h"
#include "data/files/shown.h"
#include "data/formats/json.h"
#include "kernels/error.h"

namespace pg {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

std::string value_of(const Metadata& metadata, const char* key) {
  const auto entry = metadata.find(key);
  return entry == metadata.end() ? "" : entry->second;
}

struct Kind {
  const char* name;  // nullptr: not recognised
  bool importable = false;
};

Kind kind_of_start(std::string_view start) {
  if (start.starts_with("PK\3\4")) {
    const bool torch = start.substr(0, 200).find("data.pkl") != std::string_view::npos ||
                       start.find("torch") != std::string_view::npos;
    return {torch ? "a PyTorch file" : "a zip archive", torch};
  }
  if (start.starts_with("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46"sv)) return {"a PyTorch file", true};
  if (start.size() > 1 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5) {
    return {"a pickle", true};
  }
  if (start.starts_with("\x89HDF\r\n\x1a\n")) return {"an HDF5 file"};
  if (start.starts_with("\x08") && start.size() > 2 && start[2] == '\x12') {
    return {"an ONNX model"};
  }
  if (start.starts_with("\x89PNG") || start.starts_with("\xff\xd8\xff")) return {"an image"};
  return {nullptr};
}

// A safetensors file begins with the length of its header, which is JSON.
bool may_be_safetensors(std::string_view start) { return start.size() > 8 && start[8] == '{'; }

[[noreturn]] void throw_foreign(const fs::path& file, const Kind& kind) {
  fs::path name = file.filename();
  name.replace_extension(".safetensors");
  if (name == file.filename()) name = "imported.safetensors";
  const std::string what =
      message("'", shown(file.string()), "' is ", kind.name, ", not a checkpoint; ");
  throw UsageError(
      kind.importable
          ? message(what, "import it first: progan_cuda import ", shown(file.string()), " --out ",
                    shown(name.string()))
          : message(what, "give a run folder, a checkpoint or an export as safetensors"));
}

}  // namespace

bool is_network_file(const Metadata& metadata) {
  return value_of(metadata, "format") == "progan_cuda network" &&
         value_of(metadata, "layout") == "progan_cuda";
}

void check_exported(const Safetensors& file, const std::string& network) {
  const std::string held = file.metadata_at("network");
  const bool usable = held == network || (network == "Gs" && held == "G");
  PG_CHECK(usable, UsageError, "'", file.path().string(), "' holds only the network ", shown(held),
           ", but ", network, " is needed; give a checkpoint, or export ", network);
}

std::vector<double> exported_factors(const Safetensors& file, const ParameterStore& store) {
  const nlohmann::json scales = parse_json_or_discard(value_of(file.metadata(), "scales"));
  std::vector<double> factors;
  for (const ParameterSpec& spec : store.specs()) {
    const bool given =
        scales.is_object() && scales.contains(spec.name) && scales[spec.name].is_number();
    const double scale = given ? scales[spec.name].get<double>() : 0.0;
    PG_CHECK(scale > 0 && std::isfinite(scale), FormatError, "'", file.path().string(),
             "': scales: expected a number above 0 for ", spec.name, "; export the network again");
    factors.push_back(scale == spec.scale ? 1.0 : scale / spec.scale);
  }
  return factors;
}

std::optional<ExportedPosition> exported_position(const Safetensors& file) {
  if (!file.metadata().contains("looked_at")) return std::nullopt;
  const auto count = [&](const char* key) {
    constexpr int64_t kMost = 1'000'000'000'000'000;
    const std::string& text = file.metadata_at(key);
    int64_t value = -1;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    PG_CHECK(end.ec == std::errc{} && end.ptr == text.data() + text.size() && value >= 0 &&
                 value <= kMost,
             FormatError, "'", file.path().string(), "': ", key, ": expected a count, got '",
             shown(text), "'");
    return value;
  };
  return ExportedPosition{.images_shown = count("images_shown"), .looked_at = count("looked_at")};
}

void reject_foreign(const fs::path& file) {
  constexpr int64_t kStart = 512;
  std::vector<uint8_t> bytes;
  try {
    bytes = read_file_start(file, kStart);
  } catch (const IoError&) {
    return;
  }
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!may_be_safetensors(start)) {
    const Kind kind = kind_of_start(start);
    if (kind.name != nullptr) throw_foreign(file, kind);
    PG_CHECK(file.extension() == ".safetensors", UsageError, "'", shown(file.string()),
             "' is not a checkpoint; give a run folder, a checkpoint or an export as safetensors");
    return;  // its reader says how it is damaged
  }
  Metadata metadata;
  try {
    metadata = read_safetensors_metadata(file);
  } catch (const FormatError&) {
    return;
  }
  const std::string format = value_of(metadata, "format");
  if (format == "progan_cuda checkpoint" || is_network_file(metadata)) return;
  throw_foreign(file, {"a safetensors file of other weights", true});
}

}  // namespace pg
