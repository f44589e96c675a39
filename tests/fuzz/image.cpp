// image.cpp: fuzz target of the image decoders. A decoded image must have the extents that it
// claims, and the same pixels when it is decoded again. Mutations of a PNG get checksums that fit.
#include "data/images/image.h"

#include <zlib.h>

#include "tests/fuzz/mutate.h"
#include "tests/fuzz/target.h"

namespace {

uint32_t big_endian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

void fix_checksums(uint8_t* png, size_t size) {
  for (size_t at = 8; at + 12 <= size;) {
    const size_t length = big_endian(png + at);
    if (length > size - at - 12) return;
    const auto crc = static_cast<uint32_t>(crc32_z(0, png + at + 4, length + 4));
    for (size_t i = 0; i < 4; ++i) {
      png[at + 8 + length + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
    }
    at += length + 12;
  }
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  pg::fuzz::Random random(seed);
  const size_t mutated = LLVMFuzzerMutate(data, size, max_size);
  const bool png = mutated > 8 && std::memcmp(data, "\x89PNG", 4) == 0;
  if (png && pg::fuzz::below(random, 4) != 0) fix_checksums(data, mutated);
  return mutated;
}

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
