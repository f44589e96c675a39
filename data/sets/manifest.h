// manifest.h: dataset.json, the description in a data set folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

constexpr int64_t kDatasetVersion = 1;

// A skipped image.
struct Rejected {
  std::string file, reason;
};

struct Manifest {
  std::string source;       // where the images came from
  std::string fingerprint;  // of the source when it was built
  std::string fit;
  int64_t count = 0, channels = 0, resolution = 0;  // resolution: that of the finest level
  std::vector<std::string> label_names;             // empty: no classes
  std::vector<Rejected> rejected;
  int64_t ignored_files = 0;
  std::string background = "#000000", range = "full";
  // Every level equals that of a data set built at its resolution (halves_exactly, resample.h).
  bool halves = false;

  struct File {
    int64_t bytes = 0;
    std::string crc32;  // zlib's, of the whole file, 8 hexadecimal digits
  };
  std::map<std::string, File> files;  // by name: r0004.npy ... labels.npy
};

// "r0004.npy"
std::string level_file_name(int64_t resolution);

// Leaves no folder of this machine in the manifest of a set whose source was opened as `where`:
// `source` becomes the last part of it, and reasons name files relative to it.
void strip_paths(Manifest& manifest, const std::string& where);

// Into a folder that has none, such as one under construction. Throws IoError.
void write_manifest(const std::filesystem::path& folder, const Manifest& manifest);

// The description in a text; `path` names it in messages. Throws FormatError.
Manifest parse_manifest(std::string_view text, const std::filesystem::path& path);

// Throws IoError if there is none, FormatError if it is not in the format of write_manifest.
Manifest read_manifest(const std::filesystem::path& folder);

}  // namespace pg
