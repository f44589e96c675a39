// encode_jpeg.cpp: baseline JPEG through libjpeg-turbo.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
// jpeglib.h needs FILE and size_t to be declared before it.
#include <jpeglib.h>

#include "data/images/encode.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr int kQuality = 95;
constexpr char kMark[] = "progan_cuda";

class Encoder {
 public:
  Encoder(const Image& image, int quality) : image_(image), quality_(quality) {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = [](j_common_ptr jpeg) {
      auto& encoder = *static_cast<Encoder*>(jpeg->client_data);
      jpeg->err->format_message(jpeg, encoder.reason_);
      std::longjmp(encoder.failed_, 1);
    };
  }
  ~Encoder() {
    jpeg_destroy_compress(&jpeg_);
    std::free(bytes_);
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  std::vector<uint8_t> encode(const std::filesystem::path& to) {
    // No frame between here and the library owns anything.
    if (setjmp(failed_) == 0) {
      run();
    } else {
      throw IoError(message("cannot write ", to.string(), ": ", reason_, "; choose .png"));
    }
    return {bytes_, bytes_ + size_};
  }

 private:
  void run() {
    jpeg_create_compress(&jpeg_);
    jpeg_mem_dest(&jpeg_, &bytes_, &size_);
    jpeg_.image_width = static_cast<JDIMENSION>(image_.width);
    jpeg_.image_height = static_cast<JDIMENSION>(image_.height);
    jpeg_.input_components = static_cast<int>(image_.channels);
    jpeg_.in_color_space = image_.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&jpeg_);
    jpeg_set_quality(&jpeg_, quality_, TRUE);
    jpeg_.optimize_coding = TRUE;
    jpeg_.comp_info[0].h_samp_factor = jpeg_.comp_info[0].v_samp_factor = 1;  // 4:4:4
    jpeg_start_compress(&jpeg_, TRUE);
    jpeg_write_marker(&jpeg_, JPEG_COM, reinterpret_cast<const JOCTET*>(kMark), sizeof kMark - 1);
    const auto row_bytes = static_cast<size_t>(image_.width * image_.channels);
    while (jpeg_.next_scanline < jpeg_.image_height) {
      // The library only reads from it.
      auto* row = const_cast<JSAMPLE*>(image_.pixels.data() + jpeg_.next_scanline * row_bytes);
      jpeg_write_scanlines(&jpeg_, &row, 1);
    }
    jpeg_finish_compress(&jpeg_);
  }

  const Image& image_;
  int quality_;
  jpeg_compress_struct jpeg_ = {};
  jpeg_error_mgr errors_ = {};
  std::jmp_buf failed_ = {};
  char reason_[JMSG_LENGTH_MAX] = {};
  unsigned char* bytes_ = nullptr;
  unsigned long size_ = 0;  // NOLINT: the library's type
};

}  // namespace

std::vector<uint8_t> encode_jpeg(const std::filesystem::path& to, const Image& image, int quality) {
  return Encoder(image, quality == 0 ? kQuality : quality).encode(to);
}

}  // namespace pg
