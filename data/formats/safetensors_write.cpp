// safetensors_write.cpp: writes named arrays to a file without copying them.
#include <algorithm>
#include <set>

#include "data/files/atomic_file.h"
#include "data/formats/safetensors.h"
#include "data/formats/safetensors_format.h"
#include "kernels/error.h"

namespace pg {

namespace {

using nlohmann::json;
using namespace safetensors;

std::span<const std::byte> bytes_of(const NamedBuffer& buffer) {
  int64_t bytes = size_of(buffer.dtype);
  for (const int64_t extent : buffer.shape) bytes *= extent;
  return {static_cast<const std::byte*>(buffer.data), static_cast<size_t>(bytes)};
}

std::vector<const NamedBuffer*> in_file_order(std::span<const NamedBuffer> buffers) {
  std::vector<const NamedBuffer*> order;
  std::set<std::string_view> names = {kMetadata};
  for (const NamedBuffer& b : buffers) {
    PG_CHECK(names.insert(b.name).second, UsageError, "a file cannot hold two tensors named '",
             b.name, "'");
    for (const int64_t extent : b.shape) PG_ASSERT(extent >= 0);
    PG_ASSERT(b.data != nullptr || bytes_of(b).empty());
    order.push_back(&b);
  }
  std::stable_sort(order.begin(), order.end(), [](const NamedBuffer* a, const NamedBuffer* b) {
    return size_of(a->dtype) > size_of(b->dtype);
  });
  return order;
}

json header_of(const std::vector<const NamedBuffer*>& order, const Metadata& metadata) {
  json header;
  header[kMetadata] = metadata;
  size_t offset = 0;
  uint32_t crc = 0;
  for (const NamedBuffer* b : order) {
    const std::span<const std::byte> bytes = bytes_of(*b);
    header[b->name] = {{"dtype", name_of(b->dtype)},
                       {"shape", b->shape},
                       {"data_offsets", {offset, offset + bytes.size()}}};
    offset += bytes.size();
    crc = crc32_of(bytes, crc);
  }
  const std::string header_crc = header_checksum(header);
  header[kMetadata][kDataChecksum] = crc_text(crc);
  header[kMetadata][kHeaderChecksum] = header_crc;
  return header;
}

std::string header_text(const std::filesystem::path& path, const json& header) {
  std::string text = header.dump();
  const size_t used = sizeof(uint64_t) + text.size();
  text.append((kAlignment - used % kAlignment) % kAlignment, ' ');
  PG_CHECK(text.size() <= kMostHeader, UsageError, "the header of '", path.string(), "' would be ",
           text.size(), " bytes; expected at most ", kMostHeader);
  return text;
}

std::string make_header(const std::filesystem::path& path,
                        const std::vector<const NamedBuffer*>& order, const Metadata& metadata) {
  try {
    return header_text(path, header_of(order, metadata));
  } catch (const json::exception&) {
    throw UsageError(message("a name or metadata value for '", path.string(),
                             "' is not UTF-8, which safetensors requires"));
  }
}

}  // namespace

void write_safetensors(const OutputPath& to, std::span<const NamedBuffer> buffers,
                       const Metadata& metadata) {
  const std::vector<const NamedBuffer*> order = in_file_order(buffers);
  const std::string header = make_header(to.path(), order, metadata);
  const uint64_t length = header.size();
  AtomicFile file(to);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (const NamedBuffer* b : order) file.write(bytes_of(*b));
  file.commit();
}

}  // namespace pg
