// decode_jpeg.cpp: JPEG through libjpeg-turbo: baseline, progressive and arithmetic; gray, colour,
// CMYK and YCCK.
//
// The library fills missing and damaged parts with gray and only warns. Such images are rejected,
// since a network would learn the gray stripes; warnings that do not concern pixels are ignored.
#include <csetjmp>
#include <cstdio>
// jpeglib.h needs FILE and size_t to be declared before it.
#include <jerror.h>
#include <jpeglib.h>

#include "data/images/decoders.h"
#include "kernels/error.h"

namespace pg {
namespace {

// Progressive files have about ten scans. Each costs a pass over the whole image, although it may
// be only a few bytes long.
constexpr int kMaxScans = 200;

enum class Failure { none, truncated, damaged };

class Decoder {
 public:
  explicit Decoder(const Encoded& file) : file_(file) {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = [](j_common_ptr jpeg) { of(jpeg).fail(Failure::damaged); };
    errors_.emit_message = [](j_common_ptr jpeg, int level) {
      if (level < 0) of(jpeg).warned();
    };
    progress_.progress_monitor = [](j_common_ptr jpeg) { of(jpeg).check_scans(); };
    protect([](Decoder& d) { jpeg_create_decompress(&d.jpeg_); });
    jpeg_.progress = &progress_;
  }
  ~Decoder() { jpeg_destroy_decompress(&jpeg_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Image decode() {
    protect([](Decoder& d) {
      jpeg_mem_src(&d.jpeg_, d.file_.bytes.data(), d.file_.bytes.size());
      jpeg_read_header(&d.jpeg_, TRUE);
    });
    file_.check_extents(jpeg_.image_width, jpeg_.image_height);
    choose_colours();
    Image image = file_.take_image(jpeg_.image_height, jpeg_.image_width,
                                   colours_ == Colours::gray   ? 1
                                   : colours_ == Colours::cmyk ? 4
                                                               : 3,
                                   coefficient_bytes());
    pixels_ = std::move(image.pixels);
    protect([](Decoder& d) { jpeg_start_decompress(&d.jpeg_); });
    PG_ASSERT(pixels_.size() == size_t{jpeg_.output_height} * row_bytes());
    protect([](Decoder& d) { d.read_rows(); });

    image.stored.colours = colours_;
    if (colours_ == Colours::cmyk) {
      image.channels = 3;
      cmyk_to_rgb();
    }
    image.pixels = std::move(pixels_);
    return image;
  }

 private:
  static Decoder& of(j_common_ptr jpeg) { return *static_cast<Decoder*>(jpeg->client_data); }

  // Runs a step that may end by longjmp; no frame in between owns anything.
  void protect(void (*step)(Decoder&)) {
    if (setjmp(failed_) == 0) {
      step(*this);
      return;
    }
    if (failure_ == Failure::truncated) file_.truncated();
    file_.damaged(reason_);
  }

  [[noreturn]] void fail(Failure failure) {
    failure_ = failure;
    if (reason_[0] == '\0') errors_.format_message(reinterpret_cast<j_common_ptr>(&jpeg_), reason_);
    std::longjmp(failed_, 1);
  }

  void warned() {
    switch (errors_.msg_code) {
      case JWRN_EXTRANEOUS_DATA:  // bytes between segments, left by many cameras
      case JWRN_TOO_MUCH_DATA:
      case JWRN_ADOBE_XFORM:
      case JWRN_JFIF_MAJOR:
      case JWRN_BOGUS_PROGRESSION:
        return;
      case JWRN_JPEG_EOF:
        fail(Failure::truncated);
      default:
        fail(Failure::damaged);
    }
  }

  void check_scans() {
    if (jpeg_.input_scan_number <= kMaxScans) return;
    std::snprintf(reason_, sizeof reason_, "more than %d scans", kMaxScans);
    fail(Failure::damaged);
  }

  void choose_colours() {
    switch (jpeg_.jpeg_color_space) {
      case JCS_GRAYSCALE:
        jpeg_.out_color_space = JCS_GRAYSCALE;
        colours_ = Colours::gray;
        return;
      case JCS_YCbCr:
      case JCS_RGB:
        jpeg_.out_color_space = JCS_RGB;
        return;
      case JCS_CMYK:
      case JCS_YCCK:
        jpeg_.out_color_space = JCS_CMYK;
        colours_ = Colours::cmyk;
        return;
      default:
        file_.damaged("it does not have 1, 3 or 4 components");
    }
  }

  // The library keeps the coefficients of files of several scans: 2 bytes for each sample.
  int64_t coefficient_bytes() {
    if (jpeg_has_multiple_scans(&jpeg_) == FALSE) return 0;
    int64_t bytes = 0;
    for (int c = 0; c < jpeg_.num_components; ++c) {
      const jpeg_component_info& part = jpeg_.comp_info[c];
      const int64_t across = int64_t{part.width_in_blocks} + part.h_samp_factor;
      const int64_t down = int64_t{part.height_in_blocks} + part.v_samp_factor;
      bytes += across * down * DCTSIZE2 * static_cast<int64_t>(sizeof(JCOEF));
    }
    return bytes;
  }

  size_t row_bytes() const {
    return size_t{jpeg_.output_width} * static_cast<size_t>(jpeg_.output_components);
  }

  // Reads past the last row, too, which checks the end of the file.
  void read_rows() {
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW row = pixels_.data() + jpeg_.output_scanline * row_bytes();
      jpeg_read_scanlines(&jpeg_, &row, 1);
    }
    jpeg_finish_decompress(&jpeg_);
  }

  // Adobe's programs, recognised by their marker, store 255 - ink.
  void cmyk_to_rgb() {
    const int flip = jpeg_.saw_Adobe_marker != 0 ? 0 : 255;
    const size_t count = pixels_.size() / 4;
    for (size_t i = 0; i < count; ++i) {
      const uint8_t* cmyk = pixels_.data() + 4 * i;
      const int light = cmyk[3] ^ flip;
      for (size_t c = 0; c < 3; ++c) {
        pixels_[3 * i + c] = static_cast<uint8_t>(((cmyk[c] ^ flip) * light + 127) / 255);
      }
    }
    pixels_.resize(3 * count);
  }

  const Encoded& file_;
  jpeg_decompress_struct jpeg_ = {};
  jpeg_error_mgr errors_ = {};
  jpeg_progress_mgr progress_ = {};
  std::jmp_buf failed_ = {};
  Failure failure_ = Failure::none;
  char reason_[JMSG_LENGTH_MAX] = {};
  Colours colours_ = Colours::rgb;
  std::vector<uint8_t> pixels_;
};

}  // namespace

Decoded decode_jpeg(const Encoded& file) { return {Decoder(file).decode(), {}}; }

}  // namespace pg
