// contact_sheet.h: many images of a set in one image.
#pragma once

#include <cstdint>
#include <span>

#include "data/images/fit.h"
#include "data/images/image.h"
#include "data/sets/duplicates.h"
#include "data/sources/source.h"

namespace pg {

struct SheetOptions {
  int64_t cell = 96;  // pixels of an image's side, with a thin border
  int64_t columns = 12;
  Fit fit = Fit::crop;
};

// The images as training would see them, row by row; unreadable ones are black. Throws UsageError
// if there are none.
Image contact_sheet(const ImageSource& source, std::span<const int64_t> images,
                    const SheetOptions& options);

// Pairs side by side, options.columns / 2 in a row.
Image pair_sheet(const ImageSource& source, std::span<const NearPair> pairs,
                 const SheetOptions& options);

}  // namespace pg
