// endings.cpp: endings of image files, by format.
#include "data/images/endings.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace pg {
namespace {

// In lower case, with its dot.
std::string ending_of(const std::filesystem::path& file) {
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return ending;
}

template <size_t Count>
bool is_one_of(const std::array<std::string_view, Count>& endings, const std::string& ending) {
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

}  // namespace

bool has_image_ending(const std::filesystem::path& file) {
  constexpr std::array<std::string_view, 13> kEndings = {".jpg",  ".jpeg", ".jpe", ".jfif", ".png",
                                                         ".bmp",  ".dib",  ".gif", ".tif",  ".tiff",
                                                         ".webp", ".heic", ".avif"};
  return is_one_of(kEndings, ending_of(file));
}

bool has_wrong_ending(const std::filesystem::path& file, Format format) {
  if (format == Format::raw || !has_image_ending(file)) return false;
  using Names = std::array<std::string_view, 4>;
  const Names right = format == Format::jpeg   ? Names{".jpg", ".jpeg", ".jpe", ".jfif"}
                      : format == Format::png  ? Names{".png"}
                      : format == Format::webp ? Names{".webp"}
                                               : Names{".bmp", ".dib"};
  return !is_one_of(right, ending_of(file));
}

const char* usual_ending(Format format) {
  constexpr std::array<const char*, 5> kEndings = {"", ".jpg", ".png", ".webp", ".bmp"};
  return kEndings[static_cast<size_t>(format)];  // in the order of Format
}

Format format_to_write(const std::filesystem::path& file) {
  const std::string ending = ending_of(file);
  if (ending == ".png") return Format::png;
  if (ending == ".jpg" || ending == ".jpeg") return Format::jpeg;
  return ending == ".webp" ? Format::webp : Format::raw;
}

}  // namespace pg
