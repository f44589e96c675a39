// png.cpp: PNG through stb_image_write into memory, then one atomic write.
#include "data/images/png.h"

#include <stb/stb_image_write.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "data/files/atomic_file.h"
#include "kernels/error.h"

namespace pg {
namespace {

void append(void* context, void* data, int size) {
  auto* out = static_cast<std::vector<uint8_t>*>(context);
  const auto* bytes = static_cast<const uint8_t*>(data);
  out->insert(out->end(), bytes, bytes + size);
}

}  // namespace

void write_png(const std::filesystem::path& path, const Image& image) {
  const int64_t size = image.height * (image.width * image.channels + 1);  // a filter byte per row
  PG_CHECK(image.height > 0 && image.width > 0 && image.channels >= 1 && image.channels <= 4 &&
               size < std::numeric_limits<int>::max(),
           UsageError, "cannot write ", path.string(), ": a picture of ", image.height, "x",
           image.width, "x", image.channels, " does not fit a PNG file; choose other extents");
  PG_ASSERT(static_cast<int64_t>(image.pixels.size()) ==
            image.height * image.width * image.channels);
  std::vector<uint8_t> png;
  const int written = stbi_write_png_to_func(
      append, &png, static_cast<int>(image.width), static_cast<int>(image.height),
      static_cast<int>(image.channels), image.pixels.data(), 0);
  if (written == 0) throw std::bad_alloc();
  write_file_atomically(path, {bytes_of(png)});
}

Image make_grid(std::span<const Image> images, int64_t columns) {
  PG_CHECK(!images.empty() && columns > 0, UsageError, "a grid of ", images.size(), " images in ",
           columns, " columns is empty; give at least one of each");
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
             image.channels, " but the first is ", first.height, "x", first.width, "x",
             first.channels, "; give images of one size");
    for (int64_t y = 0; y < first.height; ++y) {
      const int64_t to = ((i / columns * first.height + y) * columns + i % columns) * row_bytes;
      std::copy_n(image.pixels.begin() + y * row_bytes, row_bytes, grid.pixels.begin() + to);
    }
  }
  return grid;
}

}  // namespace pg
