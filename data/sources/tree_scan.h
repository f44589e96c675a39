// tree_scan.h: the image files below a folder, and what else lies there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

// Files and folders that are skipped for one reason: all are counted, the first kMost named.
struct Skipped {
  static constexpr size_t kMost = 3;
  int64_t count = 0;
  std::vector<std::string> names;

  void add(std::string name);
  std::string text() const;  // "a, b, c, ..."
  // Adds "skipped 4 `many`: a, b, c, ..." (of one: "skipped 1 `one`: a"); nothing if there is none.
  void tell(std::vector<std::string>& notes, std::string_view one, std::string_view many) const;
};

// Whether other programs keep their own images in folders of this name: thumbnails of a NAS, a
// recycle bin, files of a Mac, hidden folders.
bool is_foreign_folder(std::string_view name);

struct Tree {
  std::vector<std::string> files;  // relative to the folder, '/' between parts, sorted
  int64_t ignored = 0;             // other files, and entries that are not files
  std::vector<std::string> notes;  // sentences about skipped files and folders
};

// Follows links, each folder once. One odd entry never ends the scan: an unreadable folder, a link
// to nowhere, a FIFO, socket or device is counted and named, and nothing is opened before its type
// is known. Skipped are folders of other programs, run folders and images that this program wrote,
// unless there is no other image. Throws IoError only if `root` itself cannot be read.
Tree scan_tree(const std::filesystem::path& root);

}  // namespace pg
