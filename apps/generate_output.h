// generate_output.h: where generated images and latents go: single files, a grid, an archive or an
// array.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/output_format.h"
#include "apps/outputs.h"
#include "data/files/file_batch.h"
#include "data/formats/npy_writer.h"
#include "data/images/png.h"
#include "data/sets/image_zip.h"
#include "data/sets/ordered_pipeline.h"
#include "engine/tensor.h"
#include "kernels/shapes.h"

namespace pg::apps {

// A .npy file of tensors [N, H, W, C] or rows [N, C], written minibatch by minibatch.
class FloatFile {
 public:
  FloatFile(const char* option, const std::string& path, Force force);
  void add(const Tensor& x);
  void finish();

 private:
  std::string path_;
  OutputFile file_;
  NpyWriter writer_;
  Shape shape_;
  int64_t count_ = 0;
};

struct GeneratedOptions {
  std::string out, latents;
  OutputFormat format;
  Force force = Force::no;
  int64_t threads = 0;  // that encode; 0: all cores
  // With `columns`, one image of all: a grid whose cells repeat each pixel `repeat` times in both
  // directions.
  int64_t columns = 0, repeat = 1;
};

// Receives the images of `seeds` in order. Memory does not depend on their number, except for a
// grid: other threads encode and write images while the next ones are generated.
class GeneratedImages {
 public:
  // Checks what may be written, and creates missing folders. Throws UsageError, IoError.
  GeneratedImages(const GeneratedOptions& o, std::span<const uint64_t> seeds);

  // Latents [N, 1, 1, L], images [N, R, R, C] and their classes (empty: none). Throws the first
  // error of an earlier image, too.
  void add(const Tensor& z, const Tensor& x, std::span<const int32_t> classes);

  // Completes and publishes the files, and prints their names.
  void finish();

  // Instead of finish(): completes the single images that were added, and returns what stays, such
  // as "12 images are in DIR". Everything else is removed.
  std::string stop();

 private:
  struct Made {
    Image image;
    int32_t label = ImageZip::kNoLabel;
  };
  struct Encoded {
    std::vector<uint8_t> file;
    int32_t label;
  };
  using Pipeline = OrderedPipeline<Made, Encoded>;

  void open();
  std::string name_of_seed(uint64_t seed) const;
  std::string grid_name() const;
  void write(const Encoded& image);
  int64_t written() const { return batch_ ? batch_->published() : 0; }

  const GeneratedOptions o_;
  std::span<const uint64_t> seeds_;
  size_t next_ = 0;  // the image to write
  // In the order in which they are made: new folders are removed in the opposite one.
  std::optional<OutputFile> file_;
  std::optional<OutputFolder> folder_;
  std::optional<FloatFile> raw_, latents_;
  std::optional<ImageZip> zip_;
  std::optional<FileBatch> batch_;
  std::optional<Grid> grid_;
  std::optional<Pipeline> pipeline_;
};

}  // namespace pg::apps
