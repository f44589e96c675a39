// zip_archive.cpp: libzip over memory, with its claims checked before anything is unpacked.
#include "model/import/zip_archive.h"

#include <zip.h>

#include <utility>

#include "model/import/refusal.h"

namespace pg {

namespace {

using foreign::Refusal;
using foreign::require;
using foreign::shown;

constexpr uint64_t kMostGrowth = 16;  // weights hardly get smaller when they are packed

struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

// The text of an error, which is this program's to free.
std::string text_of(zip_error_t& error) {
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

zip_t* open(std::span<const uint8_t> bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip_t* archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
  if (archive == nullptr) {
    zip_source_free(source);
    throw Refusal{message("it is no whole zip archive (", text_of(error), ")")};
  }
  zip_error_fini(&error);
  return archive;
}

}  // namespace

void ZipArchive::Close::operator()(zip* archive) const { zip_discard(archive); }

ZipArchive::ZipArchive(std::span<const uint8_t> bytes, std::string name) : name_(std::move(name)) {
  foreign::naming_file(name_, [&] {
    archive_.reset(open(bytes));
    list_entries(bytes.size());
  });
}

ZipArchive::~ZipArchive() = default;

void ZipArchive::list_entries(size_t file_bytes) {
  uint64_t left = kMostGrowth * file_bytes;
  const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t status;
    const auto index = static_cast<zip_uint64_t>(i);
    const zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE;
    const bool known = zip_stat_index(archive_.get(), index, ZIP_FL_ENC_RAW, &status) == 0 &&
                       (status.valid & needed) == needed;
    require(known, "entry ", i, " of its archive cannot be read");
    require(status.size <= left, "it unpacks to more than ", kMostGrowth, " times its size");
    left -= status.size;
    const bool first = entries_.try_emplace(status.name, Entry{index, status.size}).second;
    require(first, "its archive holds '", shown(status.name), "' twice");
  }
}

std::vector<uint8_t> ZipArchive::read(const Entry& entry) const {
  return foreign::naming_file(name_, [&] {
    const std::unique_ptr<zip_file_t, CloseFile> file(
        zip_fopen_index(archive_.get(), entry.index, 0));
    require(file != nullptr, "an entry of its archive cannot be opened (",
            zip_strerror(archive_.get()), ")");
    // One byte more than claimed, so that libzip sees the end and compares the checksum.
    std::vector<uint8_t> bytes(entry.bytes + 1);
    uint64_t done = 0;
    zip_int64_t got = 0;
    do {
      got = zip_fread(file.get(), bytes.data() + done, bytes.size() - done);
      require(got >= 0, "an entry of its archive is damaged (", zip_file_strerror(file.get()), ")");
      done += static_cast<uint64_t>(got);
    } while (got > 0 && done < bytes.size());
    require(done == entry.bytes, "an entry of its archive does not have the ", entry.bytes,
            " bytes that it claims");
    bytes.resize(entry.bytes);
    return bytes;
  });
}

}  // namespace pg
