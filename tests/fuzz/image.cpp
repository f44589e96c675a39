// image.cpp: fuzz target of the image decoders. A decoded image must have the extents that it
// claims, and the same pixels when it is decoded again.
#include "data/images/image.h"

#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int64_t kMostPixels = 1 << 18;  // progressive JPEGs of many scans are slow by nature
  pg::fuzz::reads_or_rejects([&] {
    const pg::Image image = pg::decode_image({data, size}, "input", kMostPixels);
    const int64_t pixels = image.height * image.width;
    pg::fuzz::claim(image.height > 0 && image.width > 0 && pixels <= kMostPixels);
    pg::fuzz::claim(image.channels >= 1 && image.channels <= 4);
    pg::fuzz::claim(static_cast<int64_t>(image.pixels.size()) == pixels * image.channels);
    pg::fuzz::claim(pg::decode_image({data, size}, "input").pixels == image.pixels);
  });
  return 0;
}
