// file_stamp.h: signs by which a changed file is recognised without reading all of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "data/files/name_hash.h"

namespace pg {

// Size and the times of the last change of content and of attributes, in nanoseconds. The second
// one cannot be set, so it also changes if a file is replaced by one of equal size and time.
// "missing" for a file that cannot be found.
std::string file_stamp(const std::filesystem::path& file);

// Adds `blocks` blocks of 4 KiB to the hash, spread evenly from the first to the last; of smaller
// files everything. For file systems whose times say little.
void add_samples(NameHash& hash, const std::filesystem::path& file, int64_t blocks);

// A file whose contents are read while its source is opened.
class WatchedFile {
 public:
  // Before anything is read.
  explicit WatchedFile(std::filesystem::path file);

  // The stamp from then with samples of the present content. If the file has changed since, the
  // present stamp is added: no source opened later has the same text.
  std::string text() const;

 private:
  std::filesystem::path file_;
  std::string before_;
};

}  // namespace pg
