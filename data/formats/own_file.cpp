// own_file.cpp: compares the start of files with the bytes that the writers put there.
#include "data/formats/own_file.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "data/files/read_file.h"
#include "data/formats/npy.h"
#include "data/formats/safetensors.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

using namespace std::string_view_literals;

// After the header of a PNG file, and after the start and the JFIF segment of a JPEG.
constexpr std::string_view kPngMark = "\0\0\0\x14tEXtSoftware\0progan_cuda"sv;
constexpr std::string_view kJpegStart = "\xff\xd8\xff\xe0\0\x10JFIF\0"sv;
constexpr std::string_view kJpegMark = "\xff\xfe\0\x0dprogan_cuda"sv;
constexpr size_t kJpegComment = 20;

bool same_byte(uint8_t a, char b) { return a == static_cast<uint8_t>(b); }

// Whether `text` is at byte `offset`.
bool has_at(const fs::path& path, size_t offset, std::string_view text) {
  try {
    const std::vector<uint8_t> start =
        read_file_start(path, static_cast<int64_t>(offset + text.size()));
    return start.size() == offset + text.size() &&
           std::equal(start.begin() + static_cast<int64_t>(offset), start.end(), text.begin(),
                      same_byte);
  } catch (const IoError&) {
    return false;
  }
}

// Whether the last bytes are `text`.
bool ends_with(const fs::path& path, std::string_view text) {
  try {
    const ReadFile file(path);
    const auto length = static_cast<int64_t>(text.size());
    if (file.size() < length) return false;
    std::vector<uint8_t> end(text.size());
    file.read(file.size() - length, end);
    return std::equal(end.begin(), end.end(), text.begin(), same_byte);
  } catch (const Error&) {
    return false;
  }
}

// A chunk of odd length is padded.
std::string webp_end() { return std::string(own_xmp()) + std::string(own_xmp().size() % 2, '\0'); }

std::string value_of(const Metadata& metadata, const std::string& key) {
  const auto entry = metadata.find(key);
  return entry == metadata.end() ? "" : entry->second;
}

Metadata metadata_of(const fs::path& path) {
  try {
    return read_safetensors_metadata(path);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::string_view own_xmp() {
  return "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\""
         "http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description xmlns:xmp=\""
         "http://ns.adobe.com/xap/1.0/\" xmp:CreatorTool=\"progan_cuda\"/></rdf:RDF>"
         "</x:xmpmeta>";
}

std::string_view own_mark(OwnMark kind) {
  using namespace std::string_view_literals;
  switch (kind) {
    case OwnMark::matroska:  // identifier, size, content
      return "\xEC\x8Bprogan_cuda"sv;
    case OwnMark::mp4:  // size of the whole box, kind, content
      return "\0\0\0\x13"
             "freeprogan_cuda"sv;
    default:  // a comment extension with one block, then the end of the file
      return "!\xFE\x0Bprogan_cuda\0;"sv;
  }
}

bool is_own_npy(const fs::path& path) {
  try {
    const std::vector<uint8_t> start = read_file_start(path, kNpyHeaderBytes);
    const NpyHeader header = parse_npy_header(start, path).header;
    const std::string ours = format_npy_header(header);
    return header.type == NpyType::f32 &&
           std::equal(start.begin(), start.end(), ours.begin(), ours.end(), same_byte);
  } catch (const Error&) {
    return false;
  }
}

bool is_own_png(const fs::path& path) {
  using namespace std::string_view_literals;
  return has_at(path, 0, "\x89PNG\r\n\x1a\n"sv) && has_at(path, 33, kPngMark);
}

bool is_own_jpeg(const fs::path& path) {
  return has_at(path, 0, kJpegStart) && has_at(path, kJpegComment, kJpegMark);
}

bool is_own_image_zip(const fs::path& path) {
  constexpr size_t kName = 30, kPadding = 4;
  if (!has_at(path, 0, "PK\3\4")) return false;
  const auto is_first = [&](std::string_view name) {
    return has_at(path, kName, name) && has_at(path, kName + name.size() + kPadding, "progan_cuda");
  };
  return is_first("00000/img00000000.png") || is_first("00000/img00000000.jpg") ||
         is_first("00000/img00000000.webp");
}

bool starts_as_own_image(std::span<const uint8_t> start) {
  using namespace std::string_view_literals;
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  const auto has = [&](size_t at, std::string_view part) {
    return text.substr(std::min(at, text.size())).starts_with(part);
  };
  const bool png = has(0, "\x89PNG\r\n\x1a\n"sv) && has(33, kPngMark);
  return png || (has(0, kJpegStart) && has(kJpegComment, kJpegMark));
}

bool is_own_image(const fs::path& path) {
  try {
    const std::vector<uint8_t> start = read_file_start(path, kOwnImageStart);
    return starts_as_own_image(start) || (!start.empty() && start[0] == 'R' && is_own_webp(path));
  } catch (const IoError&) {
    return false;
  }
}

bool is_own_config(const fs::path& path) {
  return has_at(path, 0, "# Configuration of progan_cuda");
}

bool is_own_onnx(const fs::path& path) {
  // ModelProto: ir_version is field 1, one byte; producer_name is field 2, with its length.
  return has_at(path, 0, "\x08") && has_at(path, 2, "\x12\x0bprogan_cuda");
}

bool is_own_pth(const fs::path& path) {
  constexpr size_t kName = 30, kPadding = 4;
  constexpr std::string_view kFirst = "archive/data.pkl";
  return has_at(path, 0, "PK\3\4") && has_at(path, kName, kFirst) &&
         has_at(path, kName + kFirst.size() + kPadding, "progan_cuda");
}

bool is_own_webp(const fs::path& path) {
  return has_at(path, 0, "RIFF") && has_at(path, 8, "WEBP") && ends_with(path, webp_end());
}

bool is_own_webp(std::span<const uint8_t> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  return text.starts_with("RIFF") &&
         text.substr(std::min<size_t>(8, text.size())).starts_with("WEBP") &&
         text.ends_with(webp_end());
}

bool is_own_matroska(const fs::path& path) {
  return has_at(path, 0, "\x1A\x45\xDF\xA3") && ends_with(path, own_mark(OwnMark::matroska));
}

bool is_own_mp4(const fs::path& path) {
  return has_at(path, 4, "ftyp") && ends_with(path, own_mark(OwnMark::mp4));
}

bool is_own_gif(const fs::path& path) {
  return has_at(path, 0, "GIF8") && ends_with(path, own_mark(OwnMark::gif));
}

bool is_own_module(const fs::path& path) {
  return has_at(path, 0, "\"\"\"Generator of a progressive GAN, written by progan_cuda.\n");
}

bool is_own_report(const fs::path& path) {
  return has_at(path, 0, "{\n \"progan_cuda selftest\":");
}

bool is_own_network(const fs::path& path) {
  return value_of(metadata_of(path), "format") == "progan_cuda network";
}

bool is_own_import(const fs::path& path) {
  const Metadata metadata = metadata_of(path);
  return value_of(metadata, "format") == "progan_cuda checkpoint" &&
         value_of(metadata, "iterations") == "0" && value_of(metadata, "images_shown") != "0";
}

}  // namespace pg
