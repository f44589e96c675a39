// generate_output.cpp: files of each kind, opened before anything is generated.
#include "apps/generate_output.h"

#include <algorithm>
#include <cstdio>
#include <thread>

#include "apps/print.h"
#include "data/images/endings.h"
#include "data/images/png.h"
#include "engine/ops/ops.h"
#include "kernels/error.h"
#include "model/networks/samples.h"

namespace pg::apps {
namespace {

// Images of a folder are named by their seeds.
void check_names(std::span<const uint64_t> seeds) {
  std::vector<uint64_t> sorted(seeds.begin(), seeds.end());
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  PG_CHECK(twice == sorted.end(), UsageError, "--seeds: ", *twice,
           " is given twice, and an image in a folder is named by its seed; give it once");
}

}  // namespace

FloatFile::FloatFile(const char* option, const std::string& path, Force force)
    : path_(path), file_(option, path, kNpyFile, force), writer_(file_.path()) {}

void FloatFile::add(const Tensor& x) {
  const std::vector<double> values = to_host(x);
  const std::vector<float> floats(values.begin(), values.end());
  writer_.write(bytes_of(floats));
  shape_ = x.shape();
  count_ += x.shape().n;
}

void FloatFile::finish() {
  NpyHeader header{.type = NpyType::f32, .shape = {count_, shape_.h, shape_.w, shape_.c}};
  if (shape_.h == 1) header.shape = {count_, shape_.c};
  writer_.finish(header);
  print("{}\n", path_);
}

GeneratedImages::GeneratedImages(const GeneratedOptions& o, std::span<const uint64_t> seeds)
    : o_(o), seeds_(seeds) {
  if (o.columns > 0) grid_.emplace(static_cast<int64_t>(seeds.size()), o.columns);
  open();
  if (raw_ || grid_) return;
  const int64_t cores = std::max(1U, std::thread::hardware_concurrency());
  const int64_t threads = o.threads > 0 ? o.threads : cores;
  pipeline_.emplace(
      threads, 4 * threads,
      [this](const Made& made) {
        return Encoded{encode_image(o_.out, made.image, o_.format.encoding), made.label};
      },
      [this](const Encoded& image) { write(image); });
}

void GeneratedImages::open() {
  switch (o_.format.target) {
    case Target::array:
      raw_.emplace("--out", o_.out, o_.force);
      break;
    case Target::image:
      file_.emplace("--out", o_.out, kImageFile, o_.force);
      break;
    case Target::archive:
      file_.emplace("--out", o_.out, kImageZipFile, o_.force);
      zip_.emplace(file_->path(), o_.format.encoding.format);
      break;
    case Target::folder:
      folder_.emplace("--out", o_.out, o_.force);
      if (grid_) {
        folder_->image(grid_name());
      } else {
        check_names(seeds_);
        for (const uint64_t seed : seeds_) folder_->image(name_of_seed(seed));
        batch_.emplace(folder_->path());
      }
  }
  if (!o_.latents.empty()) latents_.emplace("--latents", o_.latents, o_.force);
}

std::string GeneratedImages::name_of_seed(uint64_t seed) const {
  char name[40];
  std::snprintf(name, sizeof name, "seed%06llu", static_cast<unsigned long long>(seed));
  return std::string(name) + usual_ending(o_.format.encoding.format);
}

std::string GeneratedImages::grid_name() const {
  return std::string("grid") + usual_ending(o_.format.encoding.format);
}

void GeneratedImages::add(const Tensor& z, const Tensor& x, std::span<const int32_t> classes) {
  if (latents_) latents_->add(z);
  if (raw_) return raw_->add(x);
  std::vector<Image> images = to_images(ops::upsample(x, o_.repeat));
  for (size_t i = 0; i < images.size(); ++i) {
    if (grid_) {
      grid_->add(images[i]);
    } else {
      pipeline_->submit({std::move(images[i]), classes.empty() ? ImageZip::kNoLabel : classes[i]});
    }
  }
}

void GeneratedImages::write(const Encoded& image) {
  if (zip_) return zip_->add(image.file, image.label);
  batch_->add(folder_->image(name_of_seed(seeds_[next_++])), {bytes_of(image.file)});
}

void GeneratedImages::finish() {
  if (pipeline_) pipeline_->finish();
  if (batch_) batch_->publish();
  if (zip_) zip_->finish();
  if (grid_) {
    const OutputPath to = file_ ? file_->path() : folder_->image(grid_name());
    write_image(to, grid_->image(), o_.format.encoding);
    print("{}\n", to.path());
  }
  if (latents_) latents_->finish();
  if (raw_) raw_->finish();
  if (zip_) print("{} in {}\n", counted(std::ssize(seeds_), "image"), o_.out);
  if (batch_) print("{} in {}\n", counted(written(), "image"), o_.out);
}

std::string GeneratedImages::stop() {
  if (batch_) {
    pipeline_->finish();
    batch_->publish();
  }
  if (written() == 0) return "nothing was written";
  return message(counted(written(), "image"), written() == 1 ? " is in " : " are in ", o_.out);
}

}  // namespace pg::apps
