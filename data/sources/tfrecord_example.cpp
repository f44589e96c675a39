// tfrecord_example.cpp: the few messages of TensorFlow that an example consists of.
#include "data/sources/tfrecord_example.h"

#include <string_view>
#include <vector>

#include "data/formats/protobuf.h"
#include "kernels/error.h"

namespace pg {
namespace {

// The bytes of the last field with this number: of repeated fields the last one counts.
std::span<const uint8_t> field_of(std::span<const uint8_t> message, uint64_t number) {
  std::span<const uint8_t> found;
  ProtoReader fields(message);
  while (const auto field = fields.next()) {
    if (field->number == number && field->has_bytes) found = field->bytes;
  }
  return found;
}

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Int64List: packed or one by one. A list of more than `most` values ends after one more.
std::vector<int64_t> integers_of(std::span<const uint8_t> list, size_t most) {
  std::vector<int64_t> values;
  ProtoReader fields(list);
  while (const auto field = fields.next()) {
    if (values.size() > most) break;
    if (field->number != 1) continue;
    if (!field->has_bytes) values.push_back(static_cast<int64_t>(field->value));
    for (ProtoReader packed(field->bytes); !packed.empty() && values.size() <= most;) {
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
  ProtoReader entries(field_of(example, 1));
  while (const auto entry = entries.next()) {
    if (entry->number != 1 || !entry->has_bytes) continue;
    const std::string_view key = text_of(field_of(entry->bytes, 1));
    const auto feature = field_of(entry->bytes, 2);
    if (key == "shape") found.shape = integers_of(field_of(feature, 3), 3);
    if (key == "data") found.data = field_of(field_of(feature, 1), 1);
  }
  return found;
}

}  // namespace

Image image_of_example(std::span<const uint8_t> example) {
  const Features f = features_of(example);
  PG_CHECK(f.shape.size() == 3, FormatError, "the example has no shape [channels, height, width]");
  const int64_t c = f.shape[0], h = f.shape[1], w = f.shape[2];
  PG_CHECK(c >= 1 && c <= 4 && h >= 1 && w >= 1 && h <= kMaxPixels / w, FormatError, "the shape [",
           c, ", ", h, ", ", w, "] of the example is not that of an image");
  PG_CHECK(static_cast<int64_t>(f.data.size()) == c * h * w, FormatError, "the example has ",
           f.data.size(), " bytes of data; its shape requires ", c * h * w);
  Image image = new_image(h, w, c, "the example");
  for (int64_t plane = 0; plane < c; ++plane) {
    const uint8_t* from = f.data.data() + plane * h * w;
    uint8_t* to = image.pixels.data() + plane;
    for (int64_t i = 0; i < h * w; ++i) to[i * c] = from[i];
  }
  return image;
}

}  // namespace pg
