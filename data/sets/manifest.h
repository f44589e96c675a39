// manifest.h: dataset.json, the description in a data set folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace pg {

constexpr int64_t kDatasetVersion = 1;

// A skipped image.
struct Rejected {
  std::string file, reason;
};

struct Manifest {
  std::string source;       // where the images came from, absolute
  std::string fingerprint;  // of the source when it was built
  std::string fit;
  int64_t count = 0, channels = 0, resolution = 0;  // resolution: that of the finest level
  std::vector<std::string> label_names;             // empty: no classes
  std::vector<Rejected> rejected;
  int64_t ignored_files = 0;

  struct File {
    int64_t bytes = 0;
    std::string crc32;  // zlib's, of the whole file, 8 hexadecimal digits
  };
  std::map<std::string, File> files;  // by name: r0004.npy ... labels.npy
};

// "r0004.npy"
std::string level_file_name(int64_t resolution);

// Throws IoError.
void write_manifest(const std::filesystem::path& folder, const Manifest& manifest);

// Throws IoError if there is none, FormatError if it is not in the format of write_manifest.
Manifest read_manifest(const std::filesystem::path& folder);

}  // namespace pg
