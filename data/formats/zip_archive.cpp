// zip_archive.cpp: libzip, with claimed sizes checked before anything is unpacked.
#include "data/formats/zip_archive.h"

#include <zip.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "data/files/read_file.h"
#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg {

namespace {

constexpr uint64_t kMostGrowth = 16;       // weights hardly compress
constexpr uint64_t kDeflateGrowth = 1040;  // slightly above deflate's maximum
constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

// The text of an error, which is then freed.
std::string text_of(zip_error_t& error) {
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

// Opens the archive in `source`; null, with the reason in `reason`, if it is not one.
zip_t* open(zip_source_t* source, zip_error_t& error, std::string& reason) {
  zip_t* archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
  if (archive == nullptr) zip_source_free(source);
  reason = text_of(error);
  return archive;
}

}  // namespace

template <typename... Parts>
void ZipArchive::require(bool condition, const Parts&... parts) const {
  if (!condition)
    throw FormatError(message(messages_.prefix, message(parts...), "; ", messages_.advice));
}

void ZipArchive::Close::operator()(zip* archive) const { zip_discard(archive); }

ZipArchive::ZipArchive(std::span<const uint8_t> bytes, Messages messages)
    : messages_(std::move(messages)) {
  zip_error_t error;
  zip_error_init(&error);
  std::string reason;
  archive_.reset(
      open(zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error), error, reason));
  require(archive_ != nullptr, "not a complete zip archive (", reason, ")");
  list_entries(kMostGrowth * bytes.size());
}

ZipArchive::ZipArchive(const std::filesystem::path& file, Messages messages)
    : messages_(std::move(messages)) {
  read_file_start(file, 1);  // throws IoError for an unreadable file
  zip_error_t error;
  zip_error_init(&error);
  std::string reason;
  archive_.reset(open(zip_source_file_create(file.c_str(), 0, -1, &error), error, reason));
  require(archive_ != nullptr, "not a complete zip archive (", reason, ")");
  list_entries(kNoLimit);
}

ZipArchive::~ZipArchive() = default;

void ZipArchive::list_entries(uint64_t most_bytes) {
  uint64_t left = most_bytes;
  const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t status;
    const auto index = static_cast<zip_uint64_t>(i);
    const zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
    const bool known = zip_stat_index(archive_.get(), index, ZIP_FL_ENC_RAW, &status) == 0 &&
                       (status.valid & needed) == needed;
    require(known, "entry ", i, " of the archive cannot be read");
    require(status.size <= left, "the archive unpacks to more than ", kMostGrowth,
            " times its size");
    require(status.size / kDeflateGrowth <= status.comp_size, "entry '", shown(status.name),
            "' declares more bytes than it can hold");
    if (most_bytes != kNoLimit) left -= status.size;
    const bool first = entries_.try_emplace(status.name, Entry{index, status.size}).second;
    require(first, "the archive has '", shown(status.name), "' twice");
  }
}

std::vector<uint8_t> ZipArchive::read(const Entry& entry) const {
  // One byte more than claimed, so that libzip sees the end and compares the checksum.
  std::vector<uint8_t> bytes = unpack(entry, entry.bytes + 1);
  require(bytes.size() == entry.bytes, "an entry of the archive does not have the ", entry.bytes,
          " bytes that it declares");
  return bytes;
}

std::vector<uint8_t> ZipArchive::read_start(const Entry& entry, uint64_t count) const {
  return unpack(entry, std::min(count, entry.bytes));
}

std::vector<uint8_t> ZipArchive::unpack(const Entry& entry, uint64_t count) const {
  std::vector<uint8_t> bytes(count);
  const std::lock_guard lock(mutex_);  // libzip keeps one position per archive
  const std::unique_ptr<zip_file_t, CloseFile> file(
      zip_fopen_index(archive_.get(), entry.index, 0));
  require(file != nullptr, "an entry of the archive cannot be opened (",
          zip_strerror(archive_.get()), ")");
  uint64_t done = 0;
  zip_int64_t got = 0;
  do {
    got = zip_fread(file.get(), bytes.data() + done, bytes.size() - done);
    require(got >= 0, "an entry of the archive is damaged (", zip_file_strerror(file.get()), ")");
    done += static_cast<uint64_t>(got);
  } while (got > 0 && done < bytes.size());
  bytes.resize(done);
  return bytes;
}

}  // namespace pg
