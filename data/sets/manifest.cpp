// manifest.cpp: dataset.json to and from memory.
#include "data/sets/manifest.h"

#include <limits>

#include "data/files/atomic_file.h"
#include "data/files/read_file.h"
#include "data/formats/json.h"
#include "data/images/resolutions.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr const char* kFileName = "dataset.json";
// A million skipped images have three values each.
constexpr JsonLimits kLimits = {.values = int64_t{1} << 22};
constexpr const char* kFormat = "progan_cuda dataset";

// A whole number; the library converts any number, also those that no int64_t can hold.
int64_t count_in(const nlohmann::json& json, const char* key) {
  const nlohmann::json& value = json.at(key);
  const bool whole = value.is_number_unsigned()
                         ? value.get<uint64_t>() <= std::numeric_limits<int64_t>::max()
                         : value.is_number_integer();
  if (!whole) throw JsonError(message("has no whole number as \"", key, '"'));
  return value.get<int64_t>();
}

Manifest from_json(const nlohmann::json& json) {
  Manifest m;
  json.at("source").get_to(m.source);
  json.at("fingerprint").get_to(m.fingerprint);
  json.at("fit").get_to(m.fit);
  m.count = count_in(json, "count");
  m.channels = count_in(json, "channels");
  m.resolution = count_in(json, "resolution");
  json.at("label_names").get_to(m.label_names);
  m.ignored_files = count_in(json, "ignored_files");
  m.background = json.value("background", m.background);
  m.range = json.value("range", m.range);
  m.halves = json.value("halves", false);
  for (const auto& entry : json.at("rejected")) {
    m.rejected.push_back({entry.at("file"), entry.at("reason")});
  }
  for (const auto& [name, file] : json.at("files").items()) {
    m.files[name] = {count_in(file, "bytes"), file.at("crc32")};
  }
  return m;
}

}  // namespace

std::string level_file_name(int64_t resolution) {
  std::string name = "r0000.npy";
  for (size_t digit = 4; digit > 0; --digit, resolution /= 10) {
    name[digit] = static_cast<char>('0' + resolution % 10);
  }
  return name;
}

void write_manifest(const std::filesystem::path& folder, const Manifest& m) {
  nlohmann::ordered_json json = {{"format", kFormat},
                                 {"version", kDatasetVersion},
                                 {"source", m.source},
                                 {"fingerprint", m.fingerprint},
                                 {"fit", m.fit},
                                 {"count", m.count},
                                 {"channels", m.channels},
                                 {"resolution", m.resolution},
                                 {"label_names", m.label_names},
                                 {"ignored_files", m.ignored_files}};
  const Manifest defaults;
  if (m.background != defaults.background) json["background"] = m.background;
  if (m.range != defaults.range) json["range"] = m.range;
  if (m.halves) json["halves"] = true;
  json["files"] = nlohmann::ordered_json::object();
  for (const auto& [name, file] : m.files) {
    json["files"][name] = {{"bytes", file.bytes}, {"crc32", file.crc32}};
  }
  json["rejected"] = nlohmann::ordered_json::array();
  for (const Rejected& r : m.rejected) {
    json["rejected"].push_back({{"file", r.file}, {"reason", r.reason}});
  }
  // JSON must be UTF-8; file names may not be. In ASCII, so that it can be displayed anywhere.
  const auto replace = nlohmann::ordered_json::error_handler_t::replace;
  write_file_atomically(OutputPath::in_scratch(folder / kFileName),
                        json.dump(1, ' ', true, replace) + "\n");
}

Manifest read_manifest(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kFileName;
  const std::vector<uint8_t> bytes = read_file(path, limits::kJsonBytes);
  return parse_manifest({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

Manifest parse_manifest(std::string_view text, const std::filesystem::path& path) {
  Manifest m;
  int64_t version = 0;
  try {
    const nlohmann::json json = parse_json(text, kLimits);
    PG_CHECK(json.at("format") == kFormat, FormatError, path.string(),
             " does not describe a progan_cuda data set; use a folder made by dataset build");
    version = count_in(json, "version");
    if (version == kDatasetVersion) m = from_json(json);
  } catch (const JsonError& error) {
    throw FormatError(
        message(path.string(), " is damaged (it ", error.what(), "); build the data set again"));
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(
        message(path.string(), " is damaged (", error.what(), "); build the data set again"));
  }
  PG_CHECK(version == kDatasetVersion, FormatError, path.string(), ": expected version ",
           kDatasetVersion, ", got ", version, "; build the data set again");
  PG_CHECK(m.count > 0 && m.channels >= 1 && m.channels <= 4 && is_resolution(m.resolution),
           FormatError, path.string(), " has impossible extents: ", m.count, " images of ",
           m.resolution, "x", m.resolution, "x", m.channels, "; build the data set again");
  return m;
}

}  // namespace pg
