// sample_images.h: the sample images in a run folder (fakes*.png), and single cells of their grids.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/images/image.h"
#include "model/config/grid_size.h"
#include "model/run/run_folder.h"

namespace pg {

struct SampleImage {
  std::filesystem::path path;
  int64_t images_shown = 0;
  int64_t resolution = 0;  // of its stage, by stats.jsonl; 0: unknown
  GridSize grid;
};

// As many rows and columns of a grid of images of side x side pixels as fit into 1920x1080 pixels,
// at least one.
GridSize usual_cells(const GridSize& grid, int64_t side);

// All sample images of one run, fewest images first. In each, an image has the final resolution of
// the run, since a run that grows is another one; the size of the grid may change. Files of other
// programs and sizes are skipped.
class SampleImages {
 public:
  // Reads the start of each file. Throws IoError, UsageError if config.toml cannot be understood.
  explicit SampleImages(const RunFolder& run);

  const std::vector<SampleImage>& all() const { return samples_; }
  const std::vector<std::string>& skipped() const { return skipped_; }  // a sentence for each

  int64_t side() const { return side_; }  // of an image, in pixels

  const GridSize& grid() const { return samples_.back().grid; }  // the newest

  // The upper left images of the newest grid, RGB. Images keep their latents where the grid was
  // another one: latent i is at row i / columns; with classes, of which each row has its own,
  // images keep their place. Cells that a smaller grid does not have are black. Throws IoError,
  // FormatError.
  Image load(const SampleImage& sample, const GridSize& cells) const;

 private:
  void add(const std::filesystem::path& path);
  void find_stages(const RunFolder& run);

  int64_t side_ = 4;
  bool has_classes_ = false;
  std::vector<SampleImage> samples_;
  std::vector<std::string> skipped_;
};

}  // namespace pg
