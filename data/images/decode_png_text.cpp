// decode_png_text.cpp: tEXt, zTXt and iTXt chunks, unpacked here and not by libpng, which would
// keep up to 8 MB for each of a thousand chunks.
#include <zlib.h>

#include <algorithm>
#include <map>
#include <utility>

#include "data/images/png_text.h"

namespace pg {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr size_t kMostText = size_t{1} << 20;
constexpr std::string_view kExif = "Raw profile type exif", kApp1 = "Raw profile type APP1",
                           kRawXmp = "Raw profile type xmp", kXmp = "XML:com.adobe.xmp";
constexpr std::string_view kXmpInApp1("http://ns.adobe.com/xap/1.0/\0", 29);

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

uint32_t big_endian(Bytes bytes, size_t at) {
  return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 | uint32_t{bytes[at + 2]} << 8 |
         uint32_t{bytes[at + 3]};
}

// The part before the next NUL, which is removed from `rest`, too; none without a NUL.
std::optional<std::string_view> take_word(std::string_view& rest) {
  const size_t end = rest.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return word;
}

// Empty if the text is damaged or longer than the limit.
std::string inflated(std::string_view packed) {
  std::string text(kMostText, '\0');
  z_stream stream = {};
  if (inflateInit(&stream) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const bool complete = inflate(&stream, Z_FINISH) == Z_STREAM_END;
  text.resize(complete ? stream.total_out : 0);
  inflateEnd(&stream);
  return text;
}

// The text after the name of a chunk; `rest` is what follows the name's NUL.
std::string chunk_text(std::string_view type, std::string_view rest) {
  const auto plain = [](std::string_view text) {
    return std::string(text.size() <= kMostText ? text : std::string_view());
  };
  if (type == "tEXt") return plain(rest);
  if (type == "zTXt") return rest.starts_with('\0') ? inflated(rest.substr(1)) : "";
  if (rest.size() < 2) return {};
  const bool packed = rest[0] != 0;
  const char method = rest[1];
  rest.remove_prefix(2);
  if (!take_word(rest) || !take_word(rest)) return {};  // language and translated name
  if (!packed) return plain(rest);
  return method == 0 ? inflated(rest) : "";
}

// "\nexif\n  134\n" and 134 bytes as hexadecimal digits, in lines.
std::string raw_profile(std::string_view text) {
  constexpr std::string_view kSpace = " \n\r\t";
  const auto skip = [&](size_t at) {
    return std::min(text.find_first_not_of(kSpace, at), text.size());
  };
  const auto word_end = [&](size_t at) {
    return std::min(text.find_first_of(kSpace, at), text.size());
  };
  size_t at = skip(word_end(skip(0)));
  at = word_end(at);  // the length follows from the digits
  std::string bytes;
  int high = -1;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (kSpace.find(c) != std::string_view::npos) continue;
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return {};
    if (high >= 0) bytes += static_cast<char>(high << 4 | digit);
    high = high < 0 ? digit : -1;
  }
  return bytes;
}

bool is_exif(std::string_view bytes) {
  return bytes.starts_with(std::string_view("Exif\0\0", 6)) ||
         bytes.starts_with(std::string_view("II*\0", 4)) ||
         bytes.starts_with(std::string_view("MM\0*", 4));
}

// The texts of the chunks of interest, by name.
std::map<std::string_view, std::string> texts_of(Bytes png) {
  std::map<std::string_view, std::string> texts;
  for (size_t at = 8; at + 12 <= png.size();) {
    const size_t length = big_endian(png, at);
    if (length > png.size() - at - 12) break;
    const std::string_view type = text_of(png.subspan(at + 4, 4));
    if (type == "IEND") break;
    std::string_view rest = text_of(png.subspan(at + 8, length));
    if (type == "tEXt" || type == "zTXt" || type == "iTXt") {
      const auto name = take_word(rest);
      const bool wanted = name &&
                          (*name == kExif || *name == kApp1 || *name == kRawXmp || *name == kXmp) &&
                          !texts.contains(*name);
      const auto crc = wanted ? crc32_z(0, png.data() + at + 4, length + 4) : 0;
      if (wanted && crc == big_endian(png, at + 8 + length)) {
        texts[*name] = chunk_text(type, rest);
      }
    }
    at += length + 12;
  }
  return texts;
}

}  // namespace

PngNotes read_png_notes(Bytes png) {
  PngNotes notes;
  auto texts = texts_of(png);
  notes.xmp = std::move(texts[kXmp]);
  for (const std::string_view name : {kExif, kApp1, kRawXmp}) {
    std::string bytes = raw_profile(texts[name]);
    if (is_exif(bytes)) {
      if (notes.exif.empty()) notes.exif.assign(bytes.begin(), bytes.end());
    } else if (notes.xmp.empty()) {
      const bool prefixed = bytes.starts_with(kXmpInApp1);
      notes.xmp = prefixed ? bytes.substr(kXmpInApp1.size()) : std::move(bytes);
    }
  }
  return notes;
}

std::optional<int> xmp_orientation(std::string_view xmp) {
  constexpr std::string_view kName = "tiff:Orientation";
  for (size_t at = xmp.find(kName); at != std::string_view::npos; at = xmp.find(kName, at)) {
    at += kName.size();
    std::string_view rest = xmp.substr(at);
    if (rest.starts_with("=\"") || rest.starts_with("='")) {
      rest.remove_prefix(2);
    } else if (rest.starts_with('>')) {
      rest.remove_prefix(1);
    } else {
      continue;
    }
    if (!rest.empty() && rest[0] >= '1' && rest[0] <= '8') return rest[0] - '0';
  }
  return std::nullopt;
}

}  // namespace pg
