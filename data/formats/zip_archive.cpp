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
  list_entries(bytes.size(), kMostGrowth * bytes.size());
}

ZipArchive::ZipArchive(const std::filesystem::path& file, Messages messages, Growth growth)
    : messages_(std::move(messages)) {
  const auto size = static_cast<uint64_t>(ReadFile(file).size());  // throws IoError
  zip_error_t error;
  zip_error_init(&error);
  std::string reason;
  archive_.reset(open(zip_source_file_create(file.c_str(), 0, -1, &error), error, reason));
  require(archive_ != nullptr, "not a complete zip archive (", reason, ")");
  list_entries(size, growth == Growth::weights ? kMostGrowth * size : kNoLimit);
}

ZipArchive::~ZipArchive() = default;

void ZipArchive::list_entries(uint64_t archive_bytes, uint64_t most_bytes) {
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
    require(status.comp_size <= archive_bytes && status.size / kDeflateGrowth <= status.comp_size,
            "entry '", shown(status.name), "' declares more bytes than it can hold");
    if (most_bytes != kNoLimit) left -= status.size;
    const auto [entry, first] = entries_.try_emplace(status.name);
    require(first || most_bytes == kNoLimit, "the archive has '", shown(status.name), "' twice");
    if (!first) repeated_.emplace_back(status.name);
    entry->second = {index, status.size};
  }
}

void ZipArchive::fail_to_open() const {
  zip_error_t* const error = zip_get_error(archive_.get());
  const int code = zip_error_code_zip(error);
  if (code == ZIP_ER_NOPASSWD || code == ZIP_ER_ENCRNOTSUPP) {
    throw FormatError(messages_.prefix +
                      "the archive is protected by a password; unpack it and name the folder");
  }
  if (code == ZIP_ER_COMPNOTSUPP) {
    throw FormatError(
        messages_.prefix +
        "the archive is packed by a method that is not supported; unpack it and name the folder");
  }
  throw FormatError(message(messages_.prefix, "an entry of the archive cannot be opened (",
                            zip_error_strerror(error), "); ", messages_.advice));
}

// libzip keeps one position per archive, so an open entry holds the lock.
struct ZipArchive::Reader::Open {
  explicit Open(std::mutex& mutex) : lock(mutex) {}
  std::lock_guard<std::mutex> lock;
  std::unique_ptr<zip_file_t, CloseFile> file;
};

ZipArchive::Reader::Reader(const ZipArchive& zip, const Entry& entry) : zip_(zip), entry_(entry) {
  open_ = std::make_unique<Open>(zip.mutex_);
  open_->file.reset(zip_fopen_index(zip.archive_.get(), entry.index, 0));
  if (open_->file == nullptr) zip_.fail_to_open();
}

ZipArchive::Reader::~Reader() = default;

size_t ZipArchive::Reader::read(std::span<uint8_t> out) {
  size_t done = 0;
  while (done < out.size()) {
    const zip_int64_t got = zip_fread(open_->file.get(), out.data() + done, out.size() - done);
    zip_.require(got >= 0, "an entry of the archive is damaged (",
                 zip_file_strerror(open_->file.get()), ")");
    done += static_cast<size_t>(got);
    done_ += static_cast<uint64_t>(got);
    // libzip compares the checksum when it sees the end.
    zip_.require(done_ <= entry_.bytes && (got > 0 || done_ == entry_.bytes),
                 "an entry of the archive does not have the ", entry_.bytes,
                 " bytes that it declares");
    if (got == 0) break;
  }
  return done;
}

std::vector<uint8_t> ZipArchive::read(const Entry& entry, uint64_t most_bytes) const {
  require(entry.bytes <= most_bytes, "an entry of the archive has ", entry.bytes,
          " bytes, more than the limit of ", most_bytes);
  // One byte more than declared, to reach the end.
  std::vector<uint8_t> bytes(entry.bytes + 1);
  bytes.resize(Reader(*this, entry).read(bytes));
  return bytes;
}

std::vector<uint8_t> ZipArchive::read_start(const Entry& entry, uint64_t count) const {
  std::vector<uint8_t> bytes(std::min(count, entry.bytes));
  bytes.resize(Reader(*this, entry).read(bytes));
  return bytes;
}

}  // namespace pg
