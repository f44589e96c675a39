// manifest.cpp: dataset.json to and from memory.
#include "data/sets/manifest.h"

#include <nlohmann/json.hpp>

#include "data/files/atomic_file.h"
#include "data/files/read_file.h"
#include "data/images/resolutions.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr const char* kFileName = "dataset.json";
constexpr const char* kFormat = "progan_cuda dataset";

Manifest from_json(const nlohmann::json& json) {
  Manifest m;
  json.at("source").get_to(m.source);
  json.at("fingerprint").get_to(m.fingerprint);
  json.at("fit").get_to(m.fit);
  json.at("count").get_to(m.count);
  json.at("channels").get_to(m.channels);
  json.at("resolution").get_to(m.resolution);
  json.at("label_names").get_to(m.label_names);
  json.at("ignored_files").get_to(m.ignored_files);
  for (const auto& entry : json.at("rejected")) {
    m.rejected.push_back({entry.at("file"), entry.at("reason")});
  }
  for (const auto& [name, file] : json.at("files").items()) {
    m.files[name] = {file.at("bytes"), file.at("crc32")};
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
  json["files"] = nlohmann::ordered_json::object();
  for (const auto& [name, file] : m.files) {
    json["files"][name] = {{"bytes", file.bytes}, {"crc32", file.crc32}};
  }
  json["rejected"] = nlohmann::ordered_json::array();
  for (const Rejected& r : m.rejected) {
    json["rejected"].push_back({{"file", r.file}, {"reason", r.reason}});
  }
  // JSON must be UTF-8; file names may not be.
  const auto replace = nlohmann::ordered_json::error_handler_t::replace;
  write_file_atomically(folder / kFileName, json.dump(1, ' ', false, replace) + "\n");
}

Manifest read_manifest(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kFileName;
  const std::vector<uint8_t> bytes = read_file(path);
  Manifest m;
  int64_t version = 0;
  try {
    const nlohmann::json json = nlohmann::json::parse(bytes.begin(), bytes.end());
    PG_CHECK(json.at("format") == kFormat, FormatError, path.string(),
             " does not describe a progan_cuda data set; use a folder made by dataset build");
    json.at("version").get_to(version);
    if (version == kDatasetVersion) m = from_json(json);
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
