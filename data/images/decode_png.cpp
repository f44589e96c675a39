// decode_png.cpp: PNG through libpng, row by row, so that memory depends only on the extents. The
// checksums of chunks and of zlib are verified.
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <utility>

#include "data/images/decoders.h"
#include "data/images/png_text.h"

namespace pg {
namespace {

// Rejects chunks longer than the rest of the file, for which libpng would allocate memory.
void check_chunks(const Encoded& file) {
  const std::span<const uint8_t> b = file.bytes;
  size_t at = 8;
  while (at < b.size()) {
    if (b.size() - at < 12) file.truncated();
    const uint64_t length = uint64_t{b[at]} << 24 | uint64_t{b[at + 1]} << 16 |
                            uint64_t{b[at + 2]} << 8 | uint64_t{b[at + 3]};
    if (length > b.size() - at - 12) file.truncated();
    if (std::memcmp(b.data() + at + 4, "IEND", 4) == 0) return;
    at += length + 12;
  }
  file.truncated();
}

// Names of 4 letters, each with a zero byte.
constexpr png_byte kUnusedChunks[] = "iCCP\0sPLT\0tEXt\0zTXt\0iTXt\0hIST";

class Decoder {
 public:
  explicit Decoder(const Encoded& file) : file_(file) {
    png_ = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp png, png_const_charp text) {
          static_cast<Decoder*>(png_get_error_ptr(png))->fail(text);
        },
        [](png_structp, png_const_charp) {});
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
    png_set_read_fn(png_, this, [](png_structp png, png_bytep out, size_t count) {
      static_cast<Decoder*>(png_get_io_ptr(png))->read(out, count);
    });
  }
  ~Decoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Decoded decode() {
    protect([](Decoder& d) {
      // Texts are read by read_png_notes; the others have no effect on the samples.
      static constexpr png_byte kIgnored[] = "tEXt\0zTXt\0iTXt\0iCCP\0sPLT";
      png_set_keep_unknown_chunks(d.png_, PNG_HANDLE_CHUNK_NEVER, kIgnored, 5);
      png_set_user_limits(d.png_, PNG_UINT_31_MAX,
                          PNG_UINT_31_MAX);  // check_extents has the better message
      // Texts and profiles, of which a file may have a thousand, are not unpacked.
      png_set_keep_unknown_chunks(d.png_, PNG_HANDLE_CHUNK_NEVER, kUnusedChunks,
                                  static_cast<int>(sizeof kUnusedChunks / 5));
      png_read_info(d.png_, d.info_);
    });
    file_.check_extents(png_get_image_width(png_, info_), png_get_image_height(png_, info_));
    protect([](Decoder& d) { d.choose_samples(); });

    Decoded decoded;
    Image& image = decoded.image;
    const auto height = static_cast<int64_t>(png_get_image_height(png_, info_));
    const auto row_bytes = static_cast<int64_t>(png_get_rowbytes(png_, info_));
    const bool wide = stored_.bits == 16;
    image = file_.take_image(height, png_get_image_width(png_, info_),
                             png_get_channels(png_, info_), wide ? height * row_bytes : 0);
    image.stored = stored_;
    if (wide) image.lower.resize(static_cast<size_t>(height * row_bytes));
    std::vector<uint8_t>& samples = wide ? image.lower : image.pixels;
    for (int64_t y = 0; y < height; ++y) rows_.push_back(samples.data() + y * row_bytes);
    protect([](Decoder& d) {
      png_read_image(d.png_, d.rows_.data());
      png_read_end(d.png_, d.info_);
    });
    if (wide) split_samples(image);
    png_bytep exif = nullptr;
    png_uint_32 bytes = 0;
    PngNotes notes = read_png_notes(file_.bytes);
    if (png_get_eXIf_1(png_, info_, &bytes, &exif) != 0) notes.exif.assign(exif, exif + bytes);
    decoded.exif = std::move(notes.exif);
    decoded.xmp = std::move(notes.xmp);
    return decoded;
  }

 private:
  // Big-endian samples in `lower` become upper bytes in `pixels` and lower ones in `lower`.
  static void split_samples(Image& image) {
    for (size_t i = 0; i < image.pixels.size(); ++i) {
      image.pixels[i] = image.lower[2 * i];
      image.lower[i] = image.lower[2 * i + 1];
    }
    image.lower.resize(image.pixels.size());
    image.lower.shrink_to_fit();
  }

  // Runs a step that may end by longjmp; no frame in between owns anything.
  void protect(void (*step)(Decoder&)) {
    if (setjmp(failed_) == 0) {
      step(*this);
      return;
    }
    if (truncated_) file_.truncated();
    file_.damaged(reason_);
  }

  [[noreturn]] void fail(const char* text) {
    std::snprintf(reason_, sizeof reason_, "%s", text);
    std::longjmp(failed_, 1);
  }

  void read(png_bytep out, size_t count) {
    truncated_ = count > file_.bytes.size() - at_;
    if (truncated_) fail("");
    std::memcpy(out, file_.bytes.data() + at_, count);
    at_ += count;
  }

  void choose_samples() {
    const int type = png_get_color_type(png_, info_);
    stored_.bits = png_get_bit_depth(png_, info_);
    if (type == PNG_COLOR_TYPE_PALETTE) stored_.colours = Colours::palette;
    if ((type & PNG_COLOR_MASK_COLOR) == 0) stored_.colours = Colours::gray;
    png_set_expand(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
  }

  const Encoded& file_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf failed_ = {};
  size_t at_ = 0;
  bool truncated_ = false;
  char reason_[128] = {};
  StoredAs stored_;
  std::vector<png_bytep> rows_;
};

}  // namespace

Decoded decode_png(const Encoded& file) {
  check_chunks(file);
  return Decoder(file).decode();
}

}  // namespace pg
