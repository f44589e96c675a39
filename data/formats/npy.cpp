// npy.cpp: a strict reader of the one Python dictionary an .npy header holds.
#include "data/formats/npy.h"

#include <charconv>
#include <set>
#include <string_view>

#include "kernels/error.h"

namespace pg {
namespace {

constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);
constexpr size_t kMaxDimensions = 4;

// Recursive descent over "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }".
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::filesystem::path& path)
      : text_(text), path_(path) {}

  NpyHeader parse() {
    NpyHeader header;
    std::set<std::string_view> seen;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      require(seen.insert(key).second, "repeats a key");
      expect(':');
      value_of(key, header);
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    require(at_ == text_.size(), "has text after its dictionary");
    require(seen.size() == 3, "lacks one of the keys descr, fortran_order and shape");
    return header;
  }

 private:
  void value_of(std::string_view key, NpyHeader& header) {
    if (key == "descr") {
      const std::string_view descr = quoted();
      require(descr == "|u1" || descr == "<i4" || descr == "<f4",
              "has an element type other than |u1, <i4 and <f4");
      header.type = descr == "|u1" ? NpyType::u8 : descr == "<i4" ? NpyType::i32 : NpyType::f32;
    } else if (key == "fortran_order") {
      skip_space();
      require(text_.substr(at_, 5) == "False", "is not in C order");
      at_ += 5;
    } else {
      require(key == "shape", "has an unknown key");
      header.shape = shape();
    }
  }

  std::vector<int64_t> shape() {
    std::vector<int64_t> extents;
    int64_t elements = 1;
    expect('(');
    while (!accept(')')) {
      skip_space();
      int64_t extent = -1;
      const char* end = text_.data() + text_.size();
      const auto [stop, error] = std::from_chars(text_.data() + at_, end, extent);
      require(error == std::errc() && extent >= 0, "has an invalid extent in its shape");
      at_ = static_cast<size_t>(stop - text_.data());
      require(extents.size() < kMaxDimensions, "has more than 4 dimensions");
      require(!__builtin_mul_overflow(elements, extent, &elements) && elements <= INT64_MAX / 8,
              "has a shape too large for any file");
      extents.push_back(extent);
      if (!accept(',')) {
        require(extents.size() > 1, "has a shape that is not a tuple");
        expect(')');
        break;
      }
    }
    return extents;
  }

  std::string_view quoted() {
    expect('\'');
    const size_t end = text_.find('\'', at_);
    require(end != std::string_view::npos, "has an unterminated string");
    const std::string_view value = text_.substr(at_, end - at_);
    at_ = end + 1;
    return value;
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }

  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) { require(accept(c), "is not a dictionary in NumPy's format"); }

  void require(bool holds, const char* what) const {
    PG_CHECK(holds, FormatError, "the .npy header of ", path_.string(), " ", what,
             "; build or download it again");
  }

  std::string_view text_;
  const std::filesystem::path& path_;
  size_t at_ = 0;
};

}  // namespace

int64_t NpyHeader::elements() const {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  return count;
}

std::string format_npy_header(const NpyHeader& header) {
  PG_ASSERT(header.shape.size() <= kMaxDimensions);
  constexpr const char* kTypes[] = {"|u1", "<i4", "<f4"};
  std::string text = message("{'descr': '", kTypes[static_cast<size_t>(header.type)],
                             "', 'fortran_order': False, 'shape': (");
  for (const int64_t extent : header.shape) text += message(extent, ",");
  text += "), ";
  const size_t length = static_cast<size_t>(kNpyHeaderBytes) - kMagic.size() - 2;
  PG_ASSERT(text.size() + 2 < length);
  const std::string padding(length - 2 - text.size(), ' ');
  text += header.type == NpyType::f32 ? padding + "}\n" : "}" + padding + "\n";
  const char size[2] = {static_cast<char>(length & 255), static_cast<char>(length >> 8)};
  return std::string(kMagic) + std::string(size, 2) + text;
}

ParsedNpyHeader parse_npy_header(std::span<const uint8_t> bytes,
                                 const std::filesystem::path& path) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  PG_CHECK(text.size() >= kMagic.size() + 2 && text.substr(0, kMagic.size()) == kMagic, FormatError,
           path.string(), " is not an .npy file of version 1.0; build or download it again");
  const size_t length = static_cast<size_t>(bytes[8]) + 256 * static_cast<size_t>(bytes[9]);
  PG_CHECK(text.size() >= 10 + length, FormatError, path.string(),
           " ends within its .npy header; build or download it again");
  HeaderParser parser(text.substr(10, length), path);
  return {parser.parse(), static_cast<int64_t>(10 + length)};
}

NpyFile::NpyFile(const std::filesystem::path& path) : file_(path) {
  parsed_ = parse_npy_header(read_file_start(path, kMostNpyHeaderBytes), path);
  const int64_t want = parsed_.data_offset + parsed_.header.data_bytes();
  PG_CHECK(file_.size() == want, FormatError, path.string(), " has ", file_.size(),
           " bytes, but its header requires ", want, "; build or download it again");
}

void NpyFile::read(int64_t first, std::span<uint8_t> out) const {
  PG_ASSERT(type() == NpyType::u8);
  file_.read(parsed_.data_offset + first, out);
}

void NpyFile::read(int64_t first, std::span<int32_t> out) const {
  PG_ASSERT(type() == NpyType::i32);
  read_words(first, out.data(), out.size());
}

void NpyFile::read(int64_t first, std::span<float> out) const {
  PG_ASSERT(type() == NpyType::f32);
  read_words(first, out.data(), out.size());
}

void NpyFile::read_words(int64_t first, void* out, size_t count) const {
  file_.read(parsed_.data_offset + first * 4, {static_cast<uint8_t*>(out), count * 4});
}

}  // namespace pg
