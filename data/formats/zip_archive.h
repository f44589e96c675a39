// zip_archive.h: the entries of a zip archive, in memory or in a file, unpacked one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct zip;

namespace pg {

class ZipArchive {
 public:
  struct Entry {
    uint64_t index = 0;
    uint64_t bytes = 0;  // unpacked
  };

  // How errors read: FormatError("<prefix><reason>; <advice>").
  struct Messages {
    std::string prefix, advice;
  };

  // An archive in memory; `bytes` must outlive this. Throws FormatError for what is no whole
  // archive, and for one that claims to unpack to more than 16 times the size of the file.
  ZipArchive(std::span<const uint8_t> bytes, Messages messages);

  // An archive that stays in its file: only the list of entries is kept in memory. Throws IoError,
  // and FormatError for what is no whole archive, and for an entry that claims to unpack to more
  // than deflate can make of its bytes.
  ZipArchive(const std::filesystem::path& file, Messages messages);

  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }

  // The unpacked entry; callable from several threads, which wait for each other. Throws
  // FormatError for one that is damaged, encrypted or packed by a method that the library does not
  // know.
  std::vector<uint8_t> read(const Entry& entry) const;

  // At most `count` bytes from the entry's start, unverified. Throws as read().
  std::vector<uint8_t> read_start(const Entry& entry, uint64_t count) const;

 private:
  struct Close {
    void operator()(zip* archive) const;
  };

  template <typename... Parts>
  void require(bool condition, const Parts&... parts) const;
  void list_entries(uint64_t most_bytes);
  std::vector<uint8_t> unpack(const Entry& entry, uint64_t count) const;

  Messages messages_;
  mutable std::mutex mutex_;
  std::unique_ptr<zip, Close> archive_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace pg
