// lmdb_file.h: the entries of an LMDB database, read in place and never mapped.
//
// The library believes every offset in the file, so one changed byte ends the program that uses it.
// Here each page and entry is held against its bounds before it is used. LMDB has no checksums:
// damage that leaves the structure whole is for those who decode the values to find.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/files/read_file.h"

namespace pg {

// Whether the file starts like an LMDB database (64-bit, little endian).
bool is_lmdb_file(const std::filesystem::path& file);

class LmdbFile {
 public:
  // Finds the entries of the main database in the order of their keys, 8 bytes of memory each;
  // values are not looked at. A damaged page is an entry, too, which cannot be read. Throws
  // IoError; FormatError where the file is no database, its newest state cannot be told, or it is
  // shorter than that says.
  explicit LmdbFile(const std::filesystem::path& path);

  int64_t count() const { return static_cast<int64_t>(entries_.size()); }

  // Both may be called from several threads at once. Throw IoError, and FormatError for an entry
  // that is damaged or holds something else than a single value.
  std::string key(int64_t i) const;
  std::vector<uint8_t> value(int64_t i, int64_t most_bytes) const;

  // The page of which entry i says that it is damaged; none for real entries.
  std::optional<int64_t> damaged_page(int64_t i) const;

 private:
  struct Page {
    int64_t number = 0;
    std::vector<uint8_t> bytes;
    bool leaf = false;
    int64_t nodes = 0;
  };
  struct Node;
  struct Meta;

  std::optional<Meta> read_meta(int64_t offset) const;
  std::optional<Page> read_page(int64_t number) const;
  Node read_node(int64_t i) const;
  void walk(const Meta& meta);

  ReadFile file_;
  int64_t page_bytes_ = 0;
  std::vector<int64_t> entries_;  // where the node is; -1 - number of a damaged page
};

}  // namespace pg
