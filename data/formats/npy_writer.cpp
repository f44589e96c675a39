// npy_writer.cpp: room for the header first, the header itself last.
#include "data/formats/npy_writer.h"

#include <zlib.h>

#include <utility>

#include "kernels/error.h"

namespace pg {

uint32_t crc32_of(std::span<const std::byte> bytes, uint32_t crc) {
  return static_cast<uint32_t>(
      crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string crc32_text(uint32_t crc) {
  std::string digits(8, '0');
  for (size_t i = 0; i < 8; ++i) digits[i] = "0123456789abcdef"[(crc >> (28 - 4 * i)) & 15];
  return digits;
}

NpyWriter::NpyWriter(const std::filesystem::path& folder, std::string name)
    : name_(std::move(name)), file_(folder / name_) {
  file_.write(std::string(static_cast<size_t>(kNpyHeaderBytes), ' '));
}

void NpyWriter::write(std::span<const std::byte> elements) {
  crc_ = crc32_of(elements, crc_);
  file_.write(elements);
}

Manifest::File NpyWriter::finish(const NpyHeader& header) {
  PG_ASSERT(file_.size() == kNpyHeaderBytes + header.data_bytes());
  const std::string text = format_npy_header(header);
  file_.overwrite(0, bytes_of(text));
  file_.commit();
  const uLong whole = crc32_combine(crc32_of(bytes_of(text)), crc_, header.data_bytes());
  return {file_.size(), crc32_text(static_cast<uint32_t>(whole))};
}

}  // namespace pg
