// sample_images.cpp: sizes from the headers of PNG files, stages from the statistics, cells by
// copying.
#include "model/run/sample_images.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "data/files/read_file.h"
#include "data/formats/json.h"
#include "kernels/error.h"
#include "model/config/config.h"
#include "model/config/schedule.h"
#include "model/run/append_file.h"
#include "model/run/stats.h"

namespace pg {
namespace {

namespace fs = std::filesystem;

struct Extents {
  int64_t height = 0, width = 0;
};

// Of a PNG file, from the chunk after its signature; none if it is something else.
std::optional<Extents> png_extents(const fs::path& path) {
  constexpr std::array<uint8_t, 8> kSignature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  constexpr size_t kWidth = 16, kHeight = 20, kEnd = 24;
  const std::vector<uint8_t> start = read_file_start(path, kEnd);
  if (start.size() < kEnd || !std::equal(kSignature.begin(), kSignature.end(), start.begin())) {
    return std::nullopt;
  }
  const auto number = [&](size_t at) {
    int64_t value = 0;
    for (size_t i = at; i < at + 4; ++i) value = value << 8 | start[i];
    return value;
  };
  return Extents{.height = number(kHeight), .width = number(kWidth)};
}

Config config_of(const RunFolder& run) {
  check_regular(run.config_file());
  Config config;
  read_toml(config, run.config_file());
  return config;
}

}  // namespace

GridSize usual_cells(const GridSize& grid, int64_t side) {
  constexpr int64_t kHeight = 1080, kWidth = 1920;
  return {.rows = std::clamp<int64_t>(kHeight / side, 1, grid.rows),
          .columns = std::clamp<int64_t>(kWidth / side, 1, grid.columns)};
}

SampleImages::SampleImages(const RunFolder& run) {
  const Config config = config_of(run);
  side_ = std::max<int64_t>(config.model.resolution, 4);
  has_classes_ = label_count(config) > 0;
  for (const fs::path& path : run.fakes_images()) add(path);
  find_stages(run);
}

void SampleImages::add(const fs::path& path) {
  std::string problem;
  try {
    check_regular(path);
    const std::optional<Extents> e = png_extents(path);
    if (e && e->height > 0 && e->width > 0 && e->height % side_ == 0 && e->width % side_ == 0) {
      samples_.push_back({.path = path,
                          .images_shown = *RunFolder::fakes_images(path),
                          .resolution = 0,
                          .grid = {.rows = e->height / side_, .columns = e->width / side_}});
      return;
    }
    problem = e ? message("not a grid of images of ", side_, "x", side_) : "not a PNG file";
  } catch (const IoError& error) {
    problem = error.what();
  }
  skipped_.push_back(message(path.filename().string(), ": ", problem));
}

// The stage of a sample image is that of the tick that ended with it or after it.
void SampleImages::find_stages(const RunFolder& run) {
  if (!fs::exists(run.stats_file())) return;
  auto sample = samples_.begin();
  for (const std::string& text : read_stats(run.stats_file())) {
    const nlohmann::json line = parse_json_or_discard(text);
    const auto kimg = line.find("kimg"), resolution = line.find("resolution");
    if (kimg == line.end() || !kimg->is_number() || resolution == line.end() ||
        !resolution->is_number_integer()) {
      continue;
    }
    for (; sample != samples_.end() && sample->images_shown <= images_in(kimg->get<double>());
         ++sample) {
      sample->resolution = resolution->get<int64_t>();
    }
  }
}

Image SampleImages::load(const SampleImage& sample, const GridSize& cells) const {
  const Image whole = convert_channels(decode_file(sample.path), 3);
  PG_CHECK(whole.height == sample.grid.rows * side_ && whole.width == sample.grid.columns * side_,
           FormatError, sample.path.string(), ": was replaced by another image; start again");
  Image out{cells.rows * side_, cells.columns * side_, 3, {}};
  out.pixels.assign(static_cast<size_t>(out.height * out.width * 3), 0);
  for (int64_t i = 0; i < cells.rows * cells.columns; ++i) {
    int64_t row = i / cells.columns, column = i % cells.columns;
    const int64_t to = (row * out.width + column) * side_;
    if (!has_classes_) {
      const int64_t latent = row * grid().columns + column;
      row = latent / sample.grid.columns;
      column = latent % sample.grid.columns;
    }
    if (row >= sample.grid.rows || column >= sample.grid.columns) continue;
    const int64_t from = (row * whole.width + column) * side_;
    for (int64_t y = 0; y < side_; ++y) {
      std::copy_n(whole.pixels.begin() + (from + y * whole.width) * 3, side_ * 3,
                  out.pixels.begin() + (to + y * out.width) * 3);
    }
  }
  return out;
}

}  // namespace pg
