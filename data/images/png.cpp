// png.cpp: PNG through libpng into memory, then one atomic write.
#include "data/images/png.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/atomic_file.h"
#include "data/files/crc32.h"
#include "kernels/error.h"

namespace pg {
namespace {

std::string four_bytes(size_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

// The chunk "tEXt" with the name of the program: length, kind, keyword, zero, text, checksum.
std::string signature_chunk() {
  constexpr std::string_view kContent("tEXtSoftware\0progan_cuda", 24);
  return four_bytes(kContent.size() - 4) + std::string(kContent) +
         four_bytes(crc32_of(bytes_of(kContent)));
}

}  // namespace

void check_png_extents(const std::filesystem::path& path, int64_t height, int64_t width,
                       int64_t channels) {
  const int64_t size = height * (width * channels + 1);  // a filter byte per row
  PG_CHECK(height > 0 && width > 0 && channels >= 1 && channels <= 4 &&
               size < std::numeric_limits<int>::max(),
           UsageError, "cannot write ", path.string(), ": a PNG file cannot hold ", height, "x",
           width, "x", channels, " samples; choose another size");
}

// libpng's defaults: each row by the filter that gives the smallest differences, zlib at level 6.
std::vector<uint8_t> encode_png(const std::filesystem::path& to, const Image& image) {
  check_png_extents(to, image.height, image.width, image.channels);
  PG_ASSERT(static_cast<int64_t>(image.pixels.size()) ==
            image.height * image.width * image.channels);
  constexpr std::array<png_uint_32, 4> kFormats = {PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB,
                                                   PNG_FORMAT_RGBA};
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = kFormats[static_cast<size_t>(image.channels - 1)];
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::vector<uint8_t> bytes(size);
  const int written = png_image_write_to_memory(&png, bytes.data(), &size, /*convert_to_8bit=*/0,
                                                image.pixels.data(), /*row_stride=*/0, nullptr);
  PG_CHECK(written != 0, IoError, "cannot write ", to.string(), ": ", png.message,
           "; choose another size");
  bytes.resize(size);
  const std::string signature = signature_chunk();
  constexpr ptrdiff_t kHeader = 33;  // the file's own signature and the chunk IHDR
  bytes.insert(bytes.begin() + kHeader, signature.begin(), signature.end());
  return bytes;
}

void write_png(const OutputPath& to, const Image& image) {
  const std::vector<uint8_t> file = encode_png(to.path(), image);
  write_file_atomically(to, {bytes_of(file)});
}

Grid::Grid(int64_t count, int64_t columns)
    : rows_((count + std::max<int64_t>(columns, 1) - 1) / std::max<int64_t>(columns, 1)),
      columns_(columns) {
  PG_CHECK(count > 0 && columns > 0, UsageError,
           "expected at least one image and one column for a grid, got ", count, " and ", columns);
}

void Grid::add(const Image& image) {
  if (added_ == 0) {
    height_ = image.height;
    width_ = image.width;
    grid_ = {rows_ * height_, columns_ * width_, image.channels, {}};
    grid_.pixels.resize(static_cast<size_t>(grid_.height * grid_.width * grid_.channels));
  }
  PG_ASSERT(added_ < rows_ * columns_);
  PG_CHECK(image.height == height_ && image.width == width_ && image.channels == grid_.channels,
           ShapeError, "image ", added_, " of the grid is ", image.height, "x", image.width, "x",
           image.channels, ", but the first is ", height_, "x", width_, "x", grid_.channels,
           "; all images must have one size");
  const int64_t row_bytes = width_ * image.channels;
  const int64_t top = added_ / columns_ * height_, left = added_ % columns_;
  for (int64_t y = 0; y < height_; ++y) {
    const int64_t to = ((top + y) * columns_ + left) * row_bytes;
    std::copy_n(image.pixels.begin() + y * row_bytes, row_bytes, grid_.pixels.begin() + to);
  }
  ++added_;
}

Image make_grid(std::span<const Image> images, int64_t columns) {
  Grid grid(static_cast<int64_t>(images.size()), columns);
  for (const Image& image : images) grid.add(image);
  return grid.take();
}

}  // namespace pg
