// safetensors_read.cpp: files checked when they are opened, and read one tensor at a time.
#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <utility>

#include "data/files/shown.h"
#include "data/formats/json.h"
#include "data/formats/safetensors.h"
#include "data/formats/safetensors_format.h"
#include "kernels/error.h"

namespace pg {

namespace {

using nlohmann::json;
using namespace safetensors;

struct TypeInfo {
  std::string_view name;
  int64_t size;
};

// In the order of StoredType.
constexpr std::array<TypeInfo, 11> kTypes = {{{"F64", 8},
                                              {"F32", 4},
                                              {"BF16", 2},
                                              {"U8", 1},
                                              {"I32", 4},
                                              {"I64", 8},
                                              {"U64", 8},
                                              {"F16", 2},
                                              {"I8", 1},
                                              {"I16", 2},
                                              {"BOOL", 1}}};

constexpr int64_t kChunk = int64_t{1} << 20;
constexpr size_t kLongestReason = 400;  // names in it may be of any length

// A reason without the file name, which the caller adds.
struct Damage {
  std::string reason;
};

template <typename... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) throw Damage{message(parts...)};
}

// A value for messages; nested ones could be deeper than the stack.
std::string shown_value(const json& value) {
  return value.is_structured() ? value.type_name() : value.dump();
}

StoredType type_named(const std::string& tensor, const json& name) {
  for (size_t i = 0; i < kTypes.size(); ++i) {
    if (name == kTypes[i].name) return static_cast<StoredType>(i);
  }
  throw Damage{message("tensor '", tensor, "' has the unknown element type ", shown_value(name))};
}

int64_t count_from(const std::string& tensor, const json& value) {
  require(value.is_number_unsigned() && value.get<uint64_t>() <= uint64_t{1} << 62, "tensor '",
          tensor, "': expected a count, got ", shown_value(value));
  return value.get<int64_t>();
}

// Parses the header; duplicate names are damage, too, but the parser would keep the last one.
json parse_header(std::string_view text) {
  std::set<std::string> names;
  const auto check = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event != json::parse_event_t::key || depth != 1) return true;
    const auto name = parsed.get<std::string>();
    require(names.insert(name).second, "the header lists the tensor '", name, "' twice");
    return true;
  };
  try {
    json header = parse_json(text, {}, check);
    require(header.is_object(), "the header is not a JSON object");
    return header;
  } catch (const JsonError& error) {
    throw Damage{message("the header ", error.what())};
  }
}

Metadata read_metadata(const json& header) {
  Metadata metadata;
  if (!header.contains(kMetadata)) return metadata;
  const json& values = header[kMetadata];
  require(values.is_object(), "the metadata is not an object");
  for (const auto& [key, value] : values.items()) {
    require(value.is_string(), "the metadata value '", key, "' is not a string");
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

int64_t bytes_of_shape(const StoredTensor& tensor) {
  int64_t bytes = size_of(tensor.dtype);
  for (const int64_t extent : tensor.shape) {
    require(!__builtin_mul_overflow(bytes, extent, &bytes), "tensor '", tensor.name,
            "' has a shape too large for memory");
  }
  return bytes;
}

// The data of a file: all bytes after the header.
struct Data {
  int64_t offset = 0, bytes = 0;
};

StoredTensor read_tensor(const std::string& name, const json& entry, const Data& data) {
  const bool complete = entry.is_object() && entry.size() == 3 && entry.contains("dtype") &&
                        entry.contains("shape") && entry.contains("data_offsets");
  require(complete && entry["shape"].is_array() && entry["data_offsets"].is_array() &&
              entry["data_offsets"].size() == 2,
          "the entry of tensor '", name, "' is not {dtype, shape, data_offsets}");
  StoredTensor tensor;
  tensor.name = name;
  tensor.dtype = type_named(name, entry["dtype"]);
  for (const json& extent : entry["shape"]) tensor.shape.push_back(count_from(name, extent));
  const int64_t begin = count_from(name, entry["data_offsets"][0]);
  const int64_t end = count_from(name, entry["data_offsets"][1]);
  require(begin <= end && end <= data.bytes, "tensor '", name, "' lies at bytes ", begin, " to ",
          end, " of ", data.bytes, " in the file");
  require(bytes_of_shape(tensor) == end - begin, "tensor '", name, "' has ", end - begin,
          " bytes; its shape requires ", bytes_of_shape(tensor));
  tensor.offset = data.offset + begin;
  tensor.bytes = end - begin;
  return tensor;
}

// Tensors must cover the data without gaps and overlaps.
void check_coverage(std::vector<StoredTensor> tensors, const Data& data) {
  std::sort(tensors.begin(), tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
    return std::pair(a.offset, a.bytes) < std::pair(b.offset, b.bytes);
  });
  int64_t expected = data.offset;
  for (const StoredTensor& tensor : tensors) {
    require(tensor.offset >= expected, "tensor '", tensor.name, "' overlaps the previous one");
    require(tensor.offset == expected, "there is a gap before tensor '", tensor.name, "'");
    expected += tensor.bytes;
  }
  const int64_t end = data.offset + data.bytes;
  require(expected == end, "the last ", end - expected, " bytes belong to no tensor");
}

void check_header(const json& header, const Metadata& metadata) {
  const auto crc = metadata.find(kHeaderChecksum);
  require(crc == metadata.end() || crc->second == header_checksum(header),
          "the checksum of the header is wrong");
}

uint32_t checksum(const ReadFile& file, const Data& data) {
  std::vector<uint8_t> chunk(static_cast<size_t>(std::min(kChunk, data.bytes)));
  uint32_t crc = 0;
  for (int64_t done = 0; done < data.bytes;) {
    const auto part =
        std::span(chunk).first(static_cast<size_t>(std::min(kChunk, data.bytes - done)));
    file.read(data.offset + done, part);
    crc = crc32_of(std::as_bytes(part), crc);
    done += static_cast<int64_t>(part.size());
  }
  return crc;
}

void check_checksums(const json& header, const Metadata& metadata, const ReadFile& file,
                     const Data& data) {
  const auto data_crc = metadata.find(kDataChecksum);
  const auto header_crc = metadata.find(kHeaderChecksum);
  // Files of other programs have no checksums.
  if (data_crc == metadata.end() && header_crc == metadata.end()) return;
  require(data_crc != metadata.end() && header_crc != metadata.end(), "a checksum is missing");
  check_header(header, metadata);
  require(data_crc->second == crc_text(checksum(file, data)), "the checksum of the data is wrong");
}

std::string header_of(const ReadFile& file) {
  uint64_t length = 0;
  const auto size = static_cast<uint64_t>(file.size());
  require(size >= sizeof(length), "it has only ", size, " bytes");
  file.read(0, {reinterpret_cast<uint8_t*>(&length), sizeof(length)});
  require(length <= size - sizeof(length), "its header of ", length,
          " bytes is longer than the file of ", size, " bytes");
  require(length <= kMostHeader, "its header of ", length, " bytes exceeds the limit of ",
          kMostHeader);
  std::string text(length, '\0');
  file.read(sizeof(length), {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  return text;
}

[[noreturn]] void throw_damaged(const std::filesystem::path& path, const Damage& damage) {
  throw FormatError(message("'", path.string(), "' is not a valid safetensors file: ",
                            shown(damage.reason, kLongestReason), "; use another copy"));
}

}  // namespace

int64_t size_of(StoredType type) { return kTypes[static_cast<size_t>(type)].size; }

std::string_view name_of(StoredType type) { return kTypes[static_cast<size_t>(type)].name; }

StoredType stored_type(DType type) {
  switch (type) {
    case DType::f64:
      return StoredType::f64;
    case DType::f32:
      return StoredType::f32;
    case DType::bf16:
      return StoredType::bf16;
    case DType::u8:
      return StoredType::u8;
    case DType::u64:
      return StoredType::u64;
  }
  throw DTypeError("the safetensors format has no such element type");
}

Safetensors::Safetensors(std::filesystem::path path) : path_(std::move(path)), file_(path_) {
  try {
    open();
  } catch (const Damage& damage) {
    throw_damaged(path_, damage);
  }
}

void Safetensors::open() {
  const std::string text = header_of(file_);
  const auto offset = static_cast<int64_t>(sizeof(uint64_t) + text.size());
  const Data data = {.offset = offset, .bytes = file_.size() - offset};
  const json header = parse_header(text);
  metadata_ = read_metadata(header);
  for (const auto& [name, entry] : header.items()) {
    if (name != kMetadata) tensors_.push_back(read_tensor(name, entry, data));
  }
  check_coverage(tensors_, data);
  check_checksums(header, metadata_, file_, data);
}

void Safetensors::read(const StoredTensor& tensor, std::span<std::byte> out) const {
  PG_ASSERT(static_cast<int64_t>(out.size()) == tensor.bytes);
  file_.read(tensor.offset, {reinterpret_cast<uint8_t*>(out.data()), out.size()});
  // The checksum was that of the earlier bytes.
  PG_CHECK(file_.unchanged(), IoError, "'", path_.string(),
           "' was changed while it was read; try again with a file that nobody writes");
}

std::vector<std::byte> Safetensors::read(const StoredTensor& tensor) const {
  std::vector<std::byte> bytes(static_cast<size_t>(tensor.bytes));
  read(tensor, bytes);
  return bytes;
}

std::vector<std::string> Safetensors::names() const {
  std::vector<std::string> result;
  for (const StoredTensor& tensor : tensors_) result.push_back(tensor.name);
  return result;
}

const StoredTensor* Safetensors::find(std::string_view name) const {
  const auto place =
      std::lower_bound(tensors_.begin(), tensors_.end(), name,
                       [](const StoredTensor& t, std::string_view n) { return t.name < n; });
  return place != tensors_.end() && place->name == name ? &*place : nullptr;
}

const StoredTensor& Safetensors::at(std::string_view name) const {
  const StoredTensor* tensor = find(name);
  PG_CHECK(tensor != nullptr, FormatError, "'", path_.string(), "' has no tensor '", name, "'");
  return *tensor;
}

const std::string& Safetensors::metadata_at(const std::string& key) const {
  const auto place = metadata_.find(key);
  PG_CHECK(place != metadata_.end(), FormatError, "'", path_.string(), "' has no metadata value '",
           key, "'");
  return place->second;
}

Metadata read_safetensors_metadata(const std::filesystem::path& path) {
  const ReadFile file(path);
  try {
    const json header = parse_header(header_of(file));
    Metadata metadata = read_metadata(header);
    check_header(header, metadata);
    return metadata;
  } catch (const Damage& damage) {
    throw_damaged(path, damage);
  }
}

}  // namespace pg
