// stb_implementation.cpp: the body of stb_image_write, compiled once.
//
// PNG compression is zlib's, faster and smaller than stb's own.
#include <zlib.h>

#include <cstdlib>
#include <limits>

namespace {

// The contract of STBIW_ZLIB_COMPRESS: memory of malloc, null when out of memory.
unsigned char* compress_with_zlib(unsigned char* data, int size, int* out_size, int quality) {
  uLongf length = compressBound(static_cast<uLong>(size));
  auto* out = static_cast<unsigned char*>(std::malloc(length));
  if (out == nullptr) return nullptr;
  if (compress2(out, &length, data, static_cast<uLong>(size), quality) != Z_OK ||
      length > static_cast<uLongf>(std::numeric_limits<int>::max())) {
    std::free(out);
    return nullptr;
  }
  *out_size = static_cast<int>(length);
  return out;
}

}  // namespace

#define STBIW_ZLIB_COMPRESS compress_with_zlib
#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>
