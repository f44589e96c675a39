// encode.cpp: the limits of each format, and the choice of an encoder.
#include "data/images/encode.h"

#include "data/files/atomic_file.h"
#include "data/images/png.h"
#include "kernels/error.h"

namespace pg {

namespace fs = std::filesystem;

void check_encoding(const fs::path& to, int64_t height, int64_t width, int64_t channels,
                    const Encoding& encoding) {
  if (encoding.format == Format::png) return check_png_extents(to, height, width, channels);
  const bool jpeg = encoding.format == Format::jpeg;
  PG_CHECK(!jpeg || channels == 1 || channels == 3, UsageError, "cannot write ", to.string(),
           ": a JPEG file has no alpha; choose .png or .webp");
  const int64_t most = jpeg ? 65500 : 16383;  // limits of the libraries
  PG_CHECK(height > 0 && width > 0 && height <= most && width <= most, UsageError, "cannot write ",
           to.string(), ": a ", name_of(encoding.format), " file has at most ", most, "x", most,
           " pixels, got ", width, "x", height, "; choose .png");
}

std::vector<uint8_t> encode_image(const fs::path& to, const Image& image,
                                  const Encoding& encoding) {
  check_encoding(to, image.height, image.width, image.channels, encoding);
  PG_ASSERT(static_cast<int64_t>(image.pixels.size()) ==
            image.height * image.width * image.channels);
  switch (encoding.format) {
    case Format::jpeg:
      return encode_jpeg(to, image, encoding.quality);
    case Format::webp:
      return encode_webp(to, image, encoding.quality);
    default:
      return encode_png(to, image);
  }
}

void write_image(const OutputPath& to, const Image& image, const Encoding& encoding) {
  const std::vector<uint8_t> file = encode_image(to.path(), image, encoding);
  write_file_atomically(to, {bytes_of(file)});
}

}  // namespace pg
