// npy_writer.cpp: reserves the header's bytes first and fills them in last.
#include "data/formats/npy_writer.h"

#include "data/files/crc32.h"
#include "kernels/error.h"

namespace pg {

NpyWriter::NpyWriter(const OutputPath& to) : name_(to.path().filename().string()), file_(to) {
  file_.write(std::string(static_cast<size_t>(kNpyHeaderBytes), ' '));
}

void NpyWriter::write(std::span<const std::byte> elements) {
  crc_ = crc32_of(elements, crc_);
  file_.write(elements);
}

NpyWriter::Written NpyWriter::finish(const NpyHeader& header) {
  PG_ASSERT(file_.size() == kNpyHeaderBytes + header.data_bytes());
  const std::string text = format_npy_header(header);
  file_.overwrite(0, bytes_of(text));
  file_.commit();
  return {file_.size(), crc32_joined(crc32_of(bytes_of(text)), crc_, header.data_bytes())};
}

}  // namespace pg
