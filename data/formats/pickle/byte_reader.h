// byte_reader.h: reads little-endian values in sequence; throws Rejection at the end.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "data/formats/pickle/rejection.h"

namespace pg::foreign {

class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes)
      : text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()) {}

  size_t at() const { return at_; }

  std::string_view take(uint64_t count) {
    require(count <= text_.size() - at_, "the file ends where ", count, " more bytes are expected");
    const std::string_view result = text_.substr(at_, count);
    at_ += count;
    return result;
  }

  template <typename T>
  T fixed() {
    T value{};
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  // A length of the given type and as many bytes.
  template <typename Length>
  std::string_view counted() {
    const Length length = fixed<Length>();
    if constexpr (std::is_signed_v<Length>) require(length >= 0, "a string has a negative length");
    return take(static_cast<uint64_t>(length));
  }

  std::string_view line() {
    const size_t end = text_.find('\n', at_);
    require(end != std::string_view::npos, "the file ends within a line");
    const std::string_view result = take(end - at_);
    take(1);
    return result;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

template <typename T>
T number_in_line(std::string_view digits) {
  T value{};
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  require(error == std::errc() && stop == end, "expected a number, got '", shown(digits), "'");
  return value;
}

}  // namespace pg::foreign
