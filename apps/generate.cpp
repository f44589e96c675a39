// generate.cpp: images from the EMA generator of a checkpoint.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "apps/commands.h"
#include "apps/loaded_generator.h"
#include "apps/option_values.h"
#include "data/formats/npy_writer.h"
#include "data/images/png.h"
#include "engine/ops/ops.h"
#include "kernels/error.h"
#include "model/networks/latents.h"
#include "model/networks/samples.h"

namespace pg::apps {
namespace {

namespace fs = std::filesystem;

struct GenerateOptions {
  GeneratorChoice generator;
  std::string seeds = "0-63", grid, out = "generated", latents;
  int64_t batch = 16, label = -1, numpy_seed = -1;
};

// Columns of the grid of `count` images: those of --grid, else a square.
int64_t columns_of(const GenerateOptions& o, int64_t count) {
  int64_t columns = 1;
  while (columns * columns < count) ++columns;
  if (!o.grid.empty()) {
    const GridSize grid = grid_option(o.grid);
    PG_CHECK(grid.rows * grid.columns == count, UsageError, "--grid ", o.grid, " has ",
             grid.rows * grid.columns, " places, but --seeds has ", count, " seeds");
    columns = grid.columns;
  }
  return columns;
}

// Labels of images first .. end - 1: the class of --class, else one class per row of the grid, else
// one class after the other.
Tensor labels_of(Context& context, const Config& config, const GenerateOptions& o, int64_t row,
                 size_t first, size_t end) {
  const int64_t classes = label_count(config);
  PG_CHECK(o.label < 0 || classes > 0, UsageError, "--class ", o.label,
           ": this model was trained without classes");
  PG_CHECK(o.label < classes || classes == 0, UsageError, "--class: expected 0 to ", classes - 1,
           ", the classes of this model, got ", o.label);
  if (classes == 0) return {};
  std::vector<int32_t> labels;
  for (size_t i = first; i < end; ++i) {
    const int64_t next = static_cast<int64_t>(i) / row % classes;
    labels.push_back(static_cast<int32_t>(o.label >= 0 ? o.label : next));
  }
  return one_hot(context, labels, classes);
}

bool one_file(const GenerateOptions& o) {
  return !o.out.ends_with(".npy") && (!o.grid.empty() || o.out.ends_with(".png"));
}

void write_grid(const GenerateOptions& o, const std::vector<Image>& images, int64_t columns) {
  const fs::path file = o.out.ends_with(".png") ? fs::path(o.out) : fs::path(o.out) / "grid.png";
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  write_png(file, make_grid(images, columns));
  std::printf("%s\n", file.c_str());
}

void write_singles(const GenerateOptions& o, const std::vector<Image>& images,
                   const std::vector<uint64_t>& seeds) {
  fs::create_directories(o.out);
  for (size_t i = 0; i < images.size(); ++i) {
    char name[40];
    std::snprintf(name, sizeof name, "seed%06llu.png", static_cast<unsigned long long>(seeds[i]));
    write_png(fs::path(o.out) / name, images[i]);
  }
  std::printf("%zu images in %s\n", images.size(), o.out.c_str());
}

// A .npy file of tensors [N, H, W, C] or rows [N, C], written batch by batch.
class FloatFile {
 public:
  explicit FloatFile(const fs::path& path) : path_(path) {
    if (path.has_parent_path()) fs::create_directories(path.parent_path());
    writer_.emplace(path.parent_path(), path.filename().string());
  }

  void add(const Tensor& x) {
    const std::vector<double> values = to_host(x);
    const std::vector<float> floats(values.begin(), values.end());
    writer_->write(bytes_of(floats));
    shape_ = x.shape();
    count_ += x.shape().n;
  }

  void finish() {
    NpyHeader header{.type = NpyType::f32, .shape = {count_, shape_.h, shape_.w, shape_.c}};
    if (shape_.h == 1) header.shape = {count_, shape_.c};
    writer_->finish(header);
    std::printf("%s\n", path_.c_str());
  }

 private:
  fs::path path_;
  std::optional<NpyWriter> writer_;
  Shape shape_;
  int64_t count_ = 0;
};

// Receives images and latents batch by batch, and writes them.
class Output {
 public:
  Output(const GenerateOptions& o, const std::vector<uint64_t>& seeds) : o_(o), seeds_(seeds) {
    PG_CHECK(o.grid.empty() || !o.out.ends_with(".npy"), UsageError,
             "--grid needs an image file, but ", o.out,
             " is an array; drop --grid or write a .png");
    if (o.out.ends_with(".npy")) raw_.emplace(o.out);
    if (!o.latents.empty()) latents_.emplace(o.latents);
    if (one_file(o)) columns_ = columns_of(o, static_cast<int64_t>(seeds.size()));
  }

  int64_t columns() const { return columns_; }

  void add(const Tensor& z, const Tensor& x) {
    if (latents_) latents_->add(z);
    if (raw_) return raw_->add(x);
    for (Image& image : to_images(x)) images_.push_back(std::move(image));
  }

  void finish() {
    if (latents_) latents_->finish();
    if (raw_) return raw_->finish();
    if (one_file(o_)) return write_grid(o_, images_, columns_);
    write_singles(o_, images_, seeds_);
  }

 private:
  const GenerateOptions& o_;
  const std::vector<uint64_t>& seeds_;
  int64_t columns_ = 1;
  std::optional<FloatFile> raw_, latents_;
  std::vector<Image> images_;
};

// Latents of seeds: each from its own stream, or rows of a table of NumPy's random numbers.
class Latents {
 public:
  Latents(LoadedGenerator& generator, const GenerateOptions& o, const std::vector<uint64_t>& seeds)
      : generator_(generator), row_(latent_size(generator.config())) {
    if (o.numpy_seed < 0) return;
    const uint64_t last = *std::max_element(seeds.begin(), seeds.end());
    PG_CHECK(last < kMaxRows, UsageError, "--seeds: expected at most ", kMaxRows - 1,
             " with --numpy-seed, which computes all rows up to the last, got ", last);
    table_ =
        numpy_randn(static_cast<uint32_t>(o.numpy_seed), static_cast<int64_t>(last + 1) * row_);
  }

  Tensor of(uint64_t seed) const {
    if (table_.empty()) return seeded_latents(generator_.context(), generator_.config(), seed, 1);
    const Tensor z(generator_.context(), {1, 1, 1, row_}, DType::f32);
    const auto length = static_cast<size_t>(row_);
    from_host(z, std::span(table_).subspan(static_cast<size_t>(seed) * length, length));
    return z;
  }

 private:
  static constexpr uint64_t kMaxRows = 100000;
  LoadedGenerator& generator_;
  int64_t row_;
  std::vector<double> table_;
};

void generate(const GenerateOptions& o) {
  const std::vector<uint64_t> seeds = parse_seeds(o.seeds);
  LoadedGenerator generator(o.generator);
  Output output(o, seeds);
  const Latents latents(generator, o, seeds);
  for (size_t first = 0; first < seeds.size(); first += static_cast<size_t>(o.batch)) {
    const size_t end = std::min(seeds.size(), first + static_cast<size_t>(o.batch));
    const Tensor labels =
        labels_of(generator.context(), generator.config(), o, output.columns(), first, end);
    Tensor z;
    for (size_t i = first; i < end; ++i) {
      const Tensor row = latents.of(seeds[i]);
      z = z ? ops::concat_batch(z, row) : row;
    }
    output.add(z, generator(z, labels));
  }
  output.finish();
}

}  // namespace

void add_generate(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand("generate", "Generate images with a trained generator");
  auto o = std::make_shared<GenerateOptions>();
  cmd->add_option("--from", o->generator.from, kFromHelp)->required();
  cmd->add_option("--seeds", o->seeds, "one image per seed: 7, 0-63 or 1,5,9 (default: 0-63)");
  cmd->add_option("--numpy-seed", o->numpy_seed,
                  "take latents from numpy.random.RandomState(N).randn as the official scripts do; "
                  "--seeds are "
                  "then its rows")
      ->check(CLI::Range(int64_t{0}, int64_t{4294967295}));
  cmd->add_option("--class", o->label,
                  "class of all images, counted from 0 (default: the classes in turn, one per row "
                  "of a grid)")
      ->check(CLI::NonNegativeNumber);
  cmd->add_option("--grid", o->grid,
                  "write one grid of ROWSxCOLUMNS images instead of single images");
  cmd->add_option("--resolution", o->generator.resolution,
                  "size in pixels, at most that of the run (default: that of the run)");
  cmd->add_option(
      "--out", o->out,
      "folder, .png file (one grid) or .npy file (f32 [N, H, W, C], about -1 to 1) (default: "
      "generated)");
  cmd->add_option("--latents", o->latents,
                  ".npy file to write as well: the latents, f32 [N, length]");
  cmd->add_option("--batch", o->batch, "images generated at a time (default: 16)")
      ->check(CLI::Range(1, 1024));
  cmd->add_option("--device", o->generator.device, kDeviceHelp);
  cmd->add_option("--threads", o->generator.threads, kThreadsHelp);
  cmd->callback([o] { generate(*o); });
}

}  // namespace pg::apps
