// tfrecord.cpp: records, and the little of the protocol buffer format that examples of images need.
#include "data/formats/tfrecord.h"

#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "data/files/crc32c.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr int64_t kHeaderBytes = 12, kTrailerBytes = 4;

template <typename T>
T little_endian(const uint8_t* bytes) {
  T value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// The length in a record's header; none where its checksum is wrong or the number absurd.
std::optional<int64_t> length_of(std::span<const uint8_t> header) {
  if (masked_crc32c(header.first(8)) != little_endian<uint32_t>(header.data() + 8)) {
    return std::nullopt;
  }
  const auto length = little_endian<uint64_t>(header.data());
  if (length > uint64_t{INT64_MAX} / 2) return std::nullopt;
  return static_cast<int64_t>(length);
}

// Fields of a message one after the other; each read stays within it.
class Message {
 public:
  explicit Message(std::span<const uint8_t> bytes) : rest_(bytes) {}

  // The next field: its number, and its bytes if it has a length, else its number's value.
  struct Field {
    uint64_t number = 0;
    std::span<const uint8_t> bytes;
    uint64_t value = 0;
    bool has_bytes = false;
  };
  std::optional<Field> next() {
    if (rest_.empty()) return std::nullopt;
    const uint64_t key = varint();
    Field field;
    field.number = key >> 3;
    switch (key & 7) {
      case 0:
        field.value = varint();
        break;
      case 1:
        take(8);
        break;
      case 2:
        field.bytes = take(varint());
        field.has_bytes = true;
        break;
      case 5:
        take(4);
        break;
      default:
        throw FormatError("its example is damaged");
    }
    return field;
  }

  bool empty() const { return rest_.empty(); }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = take(1)[0];
      value |= uint64_t{byte & 127u} << shift;
      if (byte < 128) return value;
    }
    throw FormatError("its example is damaged");
  }

 private:
  std::span<const uint8_t> take(uint64_t count) {
    PG_CHECK(count <= rest_.size(), FormatError, "its example is damaged");
    const auto taken = rest_.first(static_cast<size_t>(count));
    rest_ = rest_.subspan(static_cast<size_t>(count));
    return taken;
  }

  std::span<const uint8_t> rest_;
};

// The last field with this number that has bytes, which counts where one comes twice.
std::span<const uint8_t> field_of(std::span<const uint8_t> message, uint64_t number) {
  std::span<const uint8_t> found;
  Message fields(message);
  while (const auto field = fields.next()) {
    if (field->number == number && field->has_bytes) found = field->bytes;
  }
  return found;
}

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Int64List: packed or one by one.
std::vector<int64_t> integers_of(std::span<const uint8_t> list) {
  std::vector<int64_t> values;
  Message fields(list);
  while (const auto field = fields.next()) {
    if (field->number != 1) continue;
    if (!field->has_bytes) values.push_back(static_cast<int64_t>(field->value));
    for (Message packed(field->bytes); !packed.empty();) {
      values.push_back(static_cast<int64_t>(packed.varint()));
    }
  }
  return values;
}

struct Features {
  std::vector<int64_t> shape;
  std::span<const uint8_t> data;
};

// Example { Features features = 1 }, Features { map<string, Feature> feature = 1 }, an entry of the
// map { string key = 1; Feature value = 2 }, Feature { BytesList = 1 | Int64List = 3 }, lists
// { repeated value = 1 }.
Features features_of(std::span<const uint8_t> example) {
  Features found;
  Message entries(field_of(example, 1));
  while (const auto entry = entries.next()) {
    if (entry->number != 1 || !entry->has_bytes) continue;
    const std::string_view key = text_of(field_of(entry->bytes, 1));
    const auto feature = field_of(entry->bytes, 2);
    if (key == "shape") found.shape = integers_of(field_of(feature, 3));
    if (key == "data") found.data = field_of(field_of(feature, 1), 1);
  }
  return found;
}

}  // namespace

bool is_tfrecord(const std::filesystem::path& file) {
  const std::vector<uint8_t> start = read_file_start(file, kHeaderBytes);
  return static_cast<int64_t>(start.size()) == kHeaderBytes && length_of(start).has_value();
}

TfRecordFile::TfRecordFile(const std::filesystem::path& path) : file_(path) {
  std::array<uint8_t, kHeaderBytes> header;
  for (int64_t at = 0; at < file_.size();) {
    const bool whole = file_.size() - at >= kHeaderBytes;
    if (whole) file_.read(at, header);
    const auto length = whole ? length_of(header) : std::nullopt;
    records_.push_back({at + kHeaderBytes, length.value_or(-1)});
    if (!length || *length > file_.size() - at - kHeaderBytes - kTrailerBytes) break;
    at += kHeaderBytes + *length + kTrailerBytes;
  }
  PG_CHECK(!records_.empty() && records_.front().bytes >= 0, FormatError, path.string(),
           " is no TFRecord file, or is damaged from its start; download it again");
}

std::vector<uint8_t> TfRecordFile::read(int64_t i) const {
  const Record& r = records_[static_cast<size_t>(i)];
  PG_CHECK(r.bytes >= 0, FormatError, "its length is damaged, so no later record can be found");
  PG_CHECK(r.bytes <= file_.size() - r.offset - kTrailerBytes, FormatError,
           "the file ends within it");
  PG_CHECK(r.bytes <= kMostStoredBytes, FormatError, "it is too long for a picture");
  std::vector<uint8_t> bytes(static_cast<size_t>(r.bytes + kTrailerBytes));
  file_.read(r.offset, bytes);
  const auto crc = little_endian<uint32_t>(bytes.data() + r.bytes);
  bytes.resize(static_cast<size_t>(r.bytes));
  PG_CHECK(masked_crc32c(bytes) == crc, FormatError, "its checksum is wrong");
  return bytes;
}

Image image_of_example(std::span<const uint8_t> example) {
  const Features f = features_of(example);
  PG_CHECK(f.shape.size() == 3, FormatError, "it has no shape of channels, height and width");
  const int64_t c = f.shape[0], h = f.shape[1], w = f.shape[2];
  PG_CHECK(c >= 1 && c <= 4 && h >= 1 && w >= 1 && h <= kMaxPixels / w, FormatError,
           "its shape is that of no picture");
  PG_CHECK(static_cast<int64_t>(f.data.size()) == c * h * w, FormatError, "it has ", f.data.size(),
           " bytes where its shape needs ", c * h * w);
  Image image{.height = h, .width = w, .channels = c, .pixels = {}};
  image.pixels.resize(f.data.size());
  for (int64_t plane = 0; plane < c; ++plane) {
    const uint8_t* from = f.data.data() + plane * h * w;
    uint8_t* to = image.pixels.data() + plane;
    for (int64_t i = 0; i < h * w; ++i) to[i * c] = from[i];
  }
  return image;
}

}  // namespace pg
