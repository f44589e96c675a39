// own_file.h: recognises files that this program wrote, which it may replace without --force.
//
// Each file format has a place for the name of the program that other readers ignore or show:
//   PNG          a text chunk "Software" right after the header
//   JPEG         a comment right after the JFIF segment
//   .zip         the padding in front of the first entry, an image
//   safetensors  "format" in the metadata
//   ONNX         producer_name
//   .pth         the padding in front of the first entry of the archive
//   .py          the first line
//   .json        the first key of a report
//   .npy (f32)   the padding of the header, which lies within its braces
//   WebP         metadata (XMP) at the end of the file
//   WebM, mkv    an element Void at the end
//   mp4, mov     a box "free" at the end
//   GIF          a comment at the end
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace pg {

inline constexpr std::string_view kOwnName = "progan_cuda";

// The metadata of a WebP file, content of its chunk "XMP ", which must be its last one.
std::string_view own_xmp();

// The last bytes of a file; in a GIF, they replace its last byte.
enum class OwnMark { matroska, mp4, gif };
std::string_view own_mark(OwnMark kind);

bool is_own_npy(const std::filesystem::path& path);
bool is_own_png(const std::filesystem::path& path);
bool is_own_jpeg(const std::filesystem::path& path);

// The configuration of a run, as TOML.
bool is_own_config(const std::filesystem::path& path);

bool is_own_onnx(const std::filesystem::path& path);
bool is_own_pth(const std::filesystem::path& path);
bool is_own_webp(const std::filesystem::path& path);
bool is_own_matroska(const std::filesystem::path& path);  // also WebM
bool is_own_mp4(const std::filesystem::path& path);       // also mov
bool is_own_gif(const std::filesystem::path& path);

// An image in any of these formats. The first kOwnImageStart bytes of a PNG or JPEG are enough.
bool is_own_image(const std::filesystem::path& path);
inline constexpr int64_t kOwnImageStart = 64;
bool starts_as_own_image(std::span<const uint8_t> start);
// The same for a complete WebP file.
bool is_own_webp(std::span<const uint8_t> file);

// An archive of generated images.
bool is_own_image_zip(const std::filesystem::path& path);

// The Python module of an exported generator.
bool is_own_module(const std::filesystem::path& path);

// A report of the selftest.
bool is_own_report(const std::filesystem::path& path);

// An exported network.
bool is_own_network(const std::filesystem::path& path);

// A checkpoint of imported networks. Those of a training run do not count: they hold days of work.
bool is_own_import(const std::filesystem::path& path);

}  // namespace pg
