// png.cpp: PNG through libpng into memory, then one atomic write.
#include "data/images/png.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <vector>

#include "data/files/atomic_file.h"
#include "kernels/error.h"

namespace pg {
namespace {

// The encoded file. libpng's defaults: each row by the filter that gives the smallest differences,
// zlib at level 6.
std::vector<uint8_t> encode(const std::filesystem::path& path, const Image& image) {
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
  PG_CHECK(written != 0, IoError, "cannot write ", path.string(), ": ", png.message,
           "; choose another size");
  bytes.resize(size);
  return bytes;
}

}  // namespace

void write_png(const std::filesystem::path& path, const Image& image) {
  const int64_t size = image.height * (image.width * image.channels + 1);  // a filter byte per row
  PG_CHECK(image.height > 0 && image.width > 0 && image.channels >= 1 && image.channels <= 4 &&
               size < std::numeric_limits<int>::max(),
           UsageError, "cannot write ", path.string(), ": a PNG file cannot hold ", image.height,
           "x", image.width, "x", image.channels, " samples; choose another size");
  PG_ASSERT(static_cast<int64_t>(image.pixels.size()) ==
            image.height * image.width * image.channels);
  write_file_atomically(path, {bytes_of(encode(path, image))});
}

Image make_grid(std::span<const Image> images, int64_t columns) {
  PG_CHECK(!images.empty() && columns > 0, UsageError,
           "expected at least one image and one column for a grid, got ", images.size(), " and ",
           columns);
  const Image& first = images.front();
  const int64_t count = static_cast<int64_t>(images.size());
  const int64_t rows = (count + columns - 1) / columns;
  Image grid{rows * first.height, columns * first.width, first.channels, {}};
  grid.pixels.resize(static_cast<size_t>(grid.height * grid.width * grid.channels));
  const int64_t row_bytes = first.width * first.channels;
  for (int64_t i = 0; i < count; ++i) {
    const Image& image = images[static_cast<size_t>(i)];
    PG_CHECK(image.height == first.height && image.width == first.width &&
                 image.channels == first.channels,
             ShapeError, "image ", i, " of the grid is ", image.height, "x", image.width, "x",
             image.channels, ", but the first is ", first.height, "x", first.width, "x",
             first.channels, "; all images must have one size");
    for (int64_t y = 0; y < first.height; ++y) {
      const int64_t to = ((i / columns * first.height + y) * columns + i % columns) * row_bytes;
      std::copy_n(image.pixels.begin() + y * row_bytes, row_bytes, grid.pixels.begin() + to);
    }
  }
  return grid;
}

}  // namespace pg
