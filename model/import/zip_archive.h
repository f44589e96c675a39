// zip_archive.h: the entries of a zip archive in memory, unpacked one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct zip;

namespace pg {

class ZipArchive {
 public:
  struct Entry {
    uint64_t index = 0;
    uint64_t bytes = 0;  // unpacked
  };

  // `bytes` must outlive this; `name` is the file in messages. Throws FormatError for what is no
  // whole archive, and for one that claims to unpack to more than 16 times the size of the file.
  ZipArchive(std::span<const uint8_t> bytes, std::string name);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }

  // The unpacked entry. Throws FormatError for one that is damaged, encrypted or packed by a method
  // that the library does not know.
  std::vector<uint8_t> read(const Entry& entry) const;

 private:
  void list_entries(size_t file_bytes);

  struct Close {
    void operator()(zip* archive) const;
  };
  std::string name_;
  std::unique_ptr<zip, Close> archive_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace pg
