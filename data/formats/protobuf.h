// protobuf.h: protocol buffer messages, written and read field by field.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kernels/error.h"

namespace pg {

// A message is a sequence of fields, each preceded by a key of number and wire type.
class ProtoMessage {
 public:
  void integer(int field, int64_t value) {
    key(field, 0);
    varint(static_cast<uint64_t>(value));
  }

  void number(int field, float value) {
    key(field, 5);
    const auto bits = std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>(bits >> shift & 255);
  }

  // Strings and raw bytes.
  void text(int field, std::string_view value) {
    key(field, 2);
    varint(value.size());
    bytes_ += value;
  }

  void message(int field, const ProtoMessage& value) { text(field, value.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  void key(int field, int wire_type) { varint(static_cast<uint64_t>(field * 8 + wire_type)); }

  // Groups of 7 bits, lowest first; all but the last have the highest bit set.
  void varint(uint64_t value) {
    for (; value >= 128; value >>= 7) bytes_ += static_cast<char>(value % 128 + 128);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

// The fields of a message in order; reads stay within its bytes. Throws FormatError for a malformed
// message.
class ProtoReader {
 public:
  explicit ProtoReader(std::span<const uint8_t> bytes) : rest_(bytes) {}

  // A field of wire type 2 has bytes, one of type 0 a value; values of types 1 and 5 are skipped.
  struct Field {
    uint64_t number = 0;
    std::span<const uint8_t> bytes;
    uint64_t value = 0;
    bool has_bytes = false;
  };
  // None at the end.
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
        throw FormatError(kMalformed);
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
    throw FormatError(kMalformed);
  }

 private:
  static constexpr const char* kMalformed = "not a valid protocol buffer message";

  std::span<const uint8_t> take(uint64_t count) {
    PG_CHECK(count <= rest_.size(), FormatError, kMalformed);
    const auto taken = rest_.first(static_cast<size_t>(count));
    rest_ = rest_.subspan(static_cast<size_t>(count));
    return taken;
  }

  std::span<const uint8_t> rest_;
};

}  // namespace pg
