// contact_sheet.cpp: framed cells in a grid.
#include "data/sets/contact_sheet.h"

#include <algorithm>
#include <vector>

#include "data/images/png.h"
#include "data/images/resample.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr int64_t kFrame = 2;
constexpr uint8_t kFrameGray = 70;

// `cells` images side by side, framed as one.
class Cell {
 public:
  Cell(const SheetOptions& options, int64_t cells)
      : options_(options), side_(options.cell - 2 * kFrame) {
    image_ = {options.cell, cells * side_ + 2 * kFrame, 3, {}};
    image_.pixels.assign(static_cast<size_t>(image_.height * image_.width * 3), kFrameGray);
  }

  void put(const ImageSource& source, int64_t image, int64_t place) {
    std::vector<uint8_t> pixels;
    try {
      append_rounded(resample_square(source.load(image), side_, options_.fit, 3), pixels);
    } catch (const FormatError&) {  // the report lists it as broken
    } catch (const IoError&) {
    }
    pixels.resize(static_cast<size_t>(side_ * side_ * 3));
    for (int64_t y = 0; y < side_; ++y) {
      const int64_t to = ((y + kFrame) * image_.width + kFrame + place * side_) * 3;
      std::copy_n(pixels.begin() + y * side_ * 3, side_ * 3, image_.pixels.begin() + to);
    }
  }

  Image take() { return std::move(image_); }

 private:
  const SheetOptions& options_;
  int64_t side_;
  Image image_;
};

}  // namespace

Image contact_sheet(const ImageSource& source, std::span<const int64_t> images,
                    const SheetOptions& options) {
  std::vector<Image> cells;
  for (const int64_t image : images) {
    Cell cell(options, 1);
    cell.put(source, image, 0);
    cells.push_back(cell.take());
  }
  return make_grid(cells, std::min(options.columns, static_cast<int64_t>(cells.size())));
}

Image pair_sheet(const ImageSource& source, std::span<const NearPair> pairs,
                 const SheetOptions& options) {
  std::vector<Image> cells;
  for (const NearPair& pair : pairs) {
    Cell cell(options, 2);
    cell.put(source, pair.a, 0);
    cell.put(source, pair.b, 1);
    cells.push_back(cell.take());
  }
  return make_grid(cells, std::min(options.columns / 2, static_cast<int64_t>(cells.size())));
}

}  // namespace pg
