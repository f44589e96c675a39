// generate.cpp: images from the EMA generator of a checkpoint.
#include <algorithm>
#include <numeric>
#include <span>

#include "apps/commands.h"
#include "apps/count_line.h"
#include "apps/generate_output.h"
#include "apps/loaded_generator.h"
#include "apps/memory.h"
#include "apps/option_values.h"
#include "apps/outputs.h"
#include "apps/stop_signals.h"
#include "engine/ops/ops.h"
#include "kernels/error.h"
#include "model/config/class_names.h"
#include "model/networks/latents.h"
#include "model/networks/samples.h"

namespace pg::apps {
namespace {

struct GenerateOptions {
  GeneratorChoice generator;
  std::string seeds, grid, out = "generated", format, latents, label_name;
  int64_t batch = 16, label = -1, numpy_seed = -1, quality = 0;  // label: of label_name; -1: all
  Force force = Force::no;
};

// Those of --seeds; by default those of the run's own images for a grid, else 0 to 63.
std::vector<uint64_t> seeds_of(const GenerateOptions& o, const Config& config) {
  if (!o.seeds.empty()) return parse_seeds(o.seeds);
  const GridSize grid = o.grid.empty() ? GridSize{.rows = 8, .columns = 8} : grid_option(o.grid);
  const bool of_run = !o.grid.empty() && o.numpy_seed < 0;
  std::vector<uint64_t> seeds(static_cast<size_t>(grid.rows * grid.columns));
  std::iota(seeds.begin(), seeds.end(), of_run ? static_cast<uint64_t>(config.train.seed) : 0);
  return seeds;
}

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

// Classes of images first .. end - 1: that of --class, else one class per row of the grid, else one
// class after the other; none if the model has none.
std::vector<int32_t> classes_of(const Config& config, const GenerateOptions& o, int64_t row,
                                size_t first, size_t end) {
  std::vector<int32_t> classes;
  const int64_t count = label_count(config);
  for (size_t i = first; i < end && count > 0; ++i) {
    const int64_t next = static_cast<int64_t>(i) / row % count;
    classes.push_back(static_cast<int32_t>(o.label >= 0 ? o.label : next));
  }
  return classes;
}

// The size of an image in a grid: as in the images of a run, its pixels are repeated up to the
// final resolution, unless another one is asked for.
int64_t grid_side(const GenerateOptions& o, const LoadedGenerator& generator) {
  if (o.generator.resolution > 0) return generator.resolution();
  return generator.config().model.resolution;
}

// Before anything is generated: the pixels of the grid, and their copy that the encoder makes.
void check_grid(const GenerateOptions& o, const LoadedGenerator& generator,
                const Encoding& encoding, int64_t count, int64_t columns) {
  const int64_t side = grid_side(o, generator), rows = (count + columns - 1) / columns;
  const int64_t channels = generator.config().model.channels;
  check_encoding(o.out, rows * side, columns * side, channels, encoding);
  require_memory(2 * rows * columns * side * side * channels,
                 message("a grid of ", rows, "x", columns, " images of ", side, "x", side),
                 "choose fewer seeds or write single images");
}

// Latents of seeds: each from its own stream, or rows of a table of NumPy's random numbers.
class Latents {
 public:
  Latents(LoadedGenerator& generator, const GenerateOptions& o, std::span<const uint64_t> seeds)
      : generator_(generator), row_(latent_size(generator.config())) {
    if (o.numpy_seed < 0) return;
    const uint64_t last = *std::max_element(seeds.begin(), seeds.end());
    PG_CHECK(last < kMaxRows, UsageError, "--seeds: expected at most ", kMaxRows - 1,
             " with --numpy-seed, which computes all rows up to the last, got ", last);
    const auto bytes = static_cast<int64_t>((last + 1) * sizeof(double)) * row_;
    require_memory(bytes, message("--numpy-seed with ", last + 1, " rows"), "choose lower --seeds");
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

OutputFormat format_of(const GenerateOptions& o) {
  const OutputFormat format = output_format(o.out, o.format, o.quality);
  PG_CHECK(o.grid.empty() || format.target == Target::folder || format.target == Target::image,
           UsageError, "--grid needs an image file, but ", o.out, " is ",
           format.target == Target::array ? "an array" : "an archive",
           "; drop --grid or write a .png");
  return format;
}

GeneratedOptions output_options(const GenerateOptions& o, const OutputFormat& format,
                                const LoadedGenerator& generator, size_t count) {
  GeneratedOptions options{.out = o.out,
                           .latents = o.latents,
                           .format = format,
                           .force = o.force,
                           .threads = o.generator.threads};
  const auto images = static_cast<int64_t>(count);
  if (format.target == Target::image || !o.grid.empty()) {
    options.columns = columns_of(o, images);
    check_grid(o, generator, format.encoding, images, options.columns);
    options.repeat = grid_side(o, generator) / generator.resolution();
  } else if (format.target != Target::array) {
    const int64_t side = generator.resolution();
    check_encoding(o.out, side, side, generator.config().model.channels, format.encoding);
  }
  return options;
}

void add_images(const GenerateOptions& o, LoadedGenerator& generator,
                std::span<const uint64_t> seeds, const GeneratedOptions& options,
                GeneratedImages& output) {
  const Latents latents(generator, o, seeds);
  CountLine line("images", static_cast<int64_t>(seeds.size()));
  Context& context = generator.context();
  for (size_t first = 0; first < seeds.size(); first += static_cast<size_t>(o.batch)) {
    if (StopSignals::requested()) {
      check_stop(message("after ", first, " of ", seeds.size(), " images; ", output.stop()));
    }
    line.update(static_cast<int64_t>(first));
    const size_t end = std::min(seeds.size(), first + static_cast<size_t>(o.batch));
    const std::vector<int32_t> classes =
        classes_of(generator.config(), o, std::max<int64_t>(options.columns, 1), first, end);
    Tensor z;
    for (size_t i = first; i < end; ++i) {
      const Tensor row = latents.of(seeds[i]);
      z = z ? ops::concat_batch(z, row) : row;
    }
    const Tensor labels =
        classes.empty() ? Tensor() : one_hot(context, classes, label_count(generator.config()));
    output.add(z, generator(z, labels), classes);
  }
}

// Writes the images of `seeds`; an interruption or an error leaves whole files, and says which.
void generate_all(const GenerateOptions& o, LoadedGenerator& generator,
                  std::span<const uint64_t> seeds, const GeneratedOptions& options) {
  const StopSignals signals;  // nothing is written before
  GeneratedImages output(options, seeds);
  add_images(o, generator, seeds, options, output);
  output.finish();  // prints, after the line of the images is cleared
}

void generate(GenerateOptions o) {
  if (!o.seeds.empty()) parse_seeds(o.seeds);  // before a file is read
  const OutputFormat format = format_of(o);
  must_differ("--latents", o.latents, "--out", o.out);
  LoadedGenerator generator(o.generator);
  if (!o.label_name.empty()) o.label = class_number(generator.config(), o.label_name, "--class");
  const std::vector<uint64_t> seeds = seeds_of(o, generator.config());
  generate_all(o, generator, seeds, output_options(o, format, generator, seeds.size()));
}

}  // namespace

void add_generate(Command& app) {
  Command* cmd = app.add_subcommand("generate", "Generate images with a trained generator");
  auto o = std::make_shared<GenerateOptions>();
  cmd->add_option("-r,--from,RUN", o->generator.from, kFromHelp)->required();
  cmd->add_option(
      "--seeds", o->seeds,
      "one image per seed: 7, 0-63 or 1,5,9 (default: 0-63; for a grid those of the run's own "
      "images)");
  cmd->add_option("--numpy-seed", o->numpy_seed,
                  "take latents from numpy.random.RandomState(N).randn as the official scripts do; "
                  "--seeds are "
                  "then its rows (default: each seed has its own random numbers)")
      ->check(Range(int64_t{0}, int64_t{4294967295}));
  cmd->add_option(
      "--class", o->label_name,
      std::string(kClassHelp) + " (default: the classes in turn, one per row of a grid)");
  cmd->add_option(
      "--grid", o->grid,
      "write one grid of ROWSxCOLUMNS images instead of single images, as large as those of "
      "the run");
  cmd->add_option("--resolution", o->generator.resolution,
                  "size in pixels, at most what the run has trained (default: that)");
  cmd->add_option("-o,--out", o->out,
                  "folder; .png, .jpg or .webp file (one grid); .zip file (StyleGAN's form, for "
                  "--data); or .npy "
                  "file (f32 [N, H, W, C], about -1 to 1) (default: generated)");
  cmd->add_option("--format", o->format, kFormatHelp);
  cmd->add_option("--quality", o->quality, kQualityHelp)->check(Range(1, 100));
  add_force(*cmd, o->force);
  cmd->add_option("--latents", o->latents,
                  ".npy file to write as well: the latents, f32 [N, length]");
  cmd->add_option("--batch", o->batch, "images generated at a time (default: 16)")
      ->check(Range(1, 1024));
  cmd->add_option("--device", o->generator.device, kDeviceHelp);
  cmd->add_option("--threads", o->generator.threads, kThreadsHelp)->check(Range(0, 4096));
  cmd->callback([o] { generate(*o); });
}

}  // namespace pg::apps
