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

#include "data/files/limits.h"

struct zip;

namespace pg {

class ZipArchive {
 public:
  struct Entry {
    uint64_t index = 0;
    uint64_t bytes = 0;  // unpacked
  };

  // The wording of errors: FormatError("<prefix><reason>; <advice>").
  struct Messages {
    std::string prefix, advice;
  };

  // An archive in memory; `bytes` must outlive this. Throws FormatError for incomplete archives and
  // for those that claim to unpack to more than 16 times their size.
  ZipArchive(std::span<const uint8_t> bytes, Messages messages);

  // The number of bytes that an archive may unpack to.
  enum class Growth { weights, any };  // 16 times its size; no limit

  // An archive that stays in its file: only the list of entries is kept in memory. Throws IoError;
  // FormatError for incomplete archives, for those that claim to unpack to more than `growth`
  // allows, and for entries that claim to unpack to more than deflate can produce from their bytes.
  ZipArchive(const std::filesystem::path& file, Messages messages, Growth growth = Growth::any);

  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }

  // Names that occur more than once: the last entry of each counts, as for programs that unpack
  // archives. Archives of weights must not have any.
  const std::vector<std::string>& repeated() const { return repeated_; }

  // The unpacked entry; thread-safe. Throws FormatError for entries that are damaged, encrypted or
  // packed by an unsupported method, and before memory is taken for those of more than
  // `most_bytes`.
  std::vector<uint8_t> read(const Entry& entry,
                            uint64_t most_bytes = uint64_t{limits::kWeightsBytes}) const;

  // At most `count` bytes from the entry's start, unverified. Throws as read().
  std::vector<uint8_t> read_start(const Entry& entry, uint64_t count) const;

  // Unpacks an entry in pieces. Others of the archive cannot be read meanwhile.
  class Reader {
   public:
    Reader(const ZipArchive& zip, const Entry& entry);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    // Fills `out`, or as much of it as there is; returns the number of bytes. Throws FormatError as
    // ZipArchive::read, and for an entry with another number of bytes than it declares.
    size_t read(std::span<uint8_t> out);

   private:
    struct Open;
    const ZipArchive& zip_;
    const Entry entry_;
    uint64_t done_ = 0;
    std::unique_ptr<Open> open_;
  };

 private:
  struct Close {
    void operator()(zip* archive) const;
  };

  template <typename... Parts>
  void require(bool condition, const Parts&... parts) const;
  [[noreturn]] void fail_to_open() const;  // an entry; by libzip's last error
  void list_entries(uint64_t archive_bytes, uint64_t most_bytes);

  Messages messages_;
  mutable std::mutex mutex_;
  std::unique_ptr<zip, Close> archive_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<std::string> repeated_;
};

}  // namespace pg
