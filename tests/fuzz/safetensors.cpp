// safetensors.cpp: fuzz target of the reader of safetensors files. The mutations change the header
// as JSON, and write its length and the checksums that fit.
#include "data/formats/safetensors.h"

#include <algorithm>

#include "data/formats/json.h"
#include "data/formats/safetensors_format.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/target.h"

namespace {

using nlohmann::json;

// The header with the checksums of its text and of the data, if it has any.
std::string with_checksums(const std::string& text, const std::string& data) {
  json header = pg::parse_json_or_discard(text);
  if (!header.is_object() || !header.contains("__metadata__")) return text;
  json& metadata = header["__metadata__"];
  if (!metadata.is_object() || !metadata.contains("crc32")) return text;
  metadata["crc32"] = pg::crc_text(pg::crc32_of(std::as_bytes(std::span(data))));
  metadata["header_crc32"] = pg::safetensors::header_checksum(header);
  return header.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  pg::fuzz::Random random(seed);
  uint64_t length = 0;
  if (size >= sizeof length) std::memcpy(&length, data, sizeof length);
  if (size < sizeof length || length > size - sizeof length || pg::fuzz::below(random, 4) == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  const std::string all(reinterpret_cast<const char*>(data), size);
  std::string values = all.substr(sizeof length + length);
  std::string header = all.substr(sizeof length, length);
  if (pg::fuzz::below(random, 4) == 0) {
    values = pg::fuzz::mutated(values, 256);
  } else {
    header = pg::fuzz::mutated_json(header, random, 2048);
  }
  try {
    if (pg::fuzz::below(random, 2) == 0) header = with_checksums(header, values);
  } catch (const json::exception&) {  // a text that is not UTF-8
  }
  length = header.size();
  const std::string text =
      std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + values;
  return text.size() > max_size ? size : pg::fuzz::give(text, data, max_size);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pg::fuzz::MemoryFile file({data, size});
  pg::fuzz::reads_or_rejects([&] {
    const pg::Safetensors checkpoint(file.path());
    size_t bytes = 0;
    for (const pg::StoredTensor& tensor : checkpoint.tensors()) {
      bytes += checkpoint.read(tensor).size();
      pg::fuzz::claim(checkpoint.find(tensor.name) != nullptr);
    }
    pg::fuzz::claim(bytes <= size);
  });
  pg::fuzz::reads_or_rejects([&] { pg::read_safetensors_metadata(file.path()); });
  return 0;
}
