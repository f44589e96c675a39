// lmdb_file.h: the entries of an LMDB database, read in place and never mapped.
//
// liblmdb trusts every offset in the file, so one changed byte can crash the program. Here every
// page and entry is checked against its bounds before use. LMDB has no checksums: other damage
// shows only when values are decoded.
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
  // Lists the entries of the main database in key order, in 8 bytes of memory each; values are not
  // read. A damaged page counts as one unreadable entry. Throws IoError; FormatError if the file is
  // not a database, has no valid meta page or is shorter than its newest meta page requires.
  explicit LmdbFile(const std::filesystem::path& path);

  int64_t count() const { return static_cast<int64_t>(entries_.size()); }

  // Thread-safe. Throw IoError; FormatError for an entry that is damaged, is not a single value or
  // is longer than `most_bytes`.
  std::string key(int64_t i) const;
  std::vector<uint8_t> value(int64_t i, int64_t most_bytes) const;
  int64_t value_bytes(int64_t i) const;  // as declared

  // The damaged page that entry i represents; none for real entries.
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
  std::vector<int64_t> entries_;  // offset of the node; -1 - number for a damaged page
};

}  // namespace pg
