// interpolate.cpp: frames of a video in which random latents move smoothly and return to the start.
#include <cstdio>
#include <filesystem>

#include "apps/commands.h"
#include "apps/common.h"
#include "apps/loaded_generator.h"
#include "data/images/png.h"
#include "model/networks/latents.h"
#include "model/networks/samples.h"

namespace pg::apps {
namespace {

namespace fs = std::filesystem;

struct InterpolateOptions {
  GeneratorChoice generator;
  std::string grid = "1x1", out = "frames";
  double seconds = 60.0, fps = 30.0, smoothing = 1.0;
  int64_t seed = 1000, label = 0;
};

void interpolate(const InterpolateOptions& o) {
  LoadedGenerator generator(o.generator);
  const GridSize grid = parse_grid(o.grid);
  const int64_t each = grid.rows * grid.columns, row = latent_size(generator.config());
  const int64_t classes = label_count(generator.config());
  PG_CHECK(o.label < std::max<int64_t>(classes, 1), UsageError, "--class ", o.label,
           " does not exist; this model has ", classes, " classes");
  const auto frames = static_cast<int64_t>(o.seconds * o.fps + 0.5);
  PG_CHECK(frames > 0, UsageError, o.seconds, " seconds of ", o.fps, " frames have no frame");
  std::vector<double> latents = numpy_randn(static_cast<uint32_t>(o.seed), frames * each * row);
  smooth_over_time(latents, frames, o.smoothing * o.fps);
  const std::vector<int32_t> labels(static_cast<size_t>(each), static_cast<int32_t>(o.label));
  fs::create_directories(o.out);
  for (int64_t t = 0; t < frames; ++t) {
    Context& context = generator.context();
    const Tensor z(context, {each, 1, 1, row}, DType::f32);
    from_host(z, std::span(latents).subspan(static_cast<size_t>(t * each * row),
                                            static_cast<size_t>(each * row)));
    const Tensor one = classes > 0 ? one_hot(context, labels, classes) : Tensor();
    char name[40];
    std::snprintf(name, sizeof name, "frame%06lld.png", static_cast<long long>(t));
    write_png(fs::path(o.out) / name, make_grid(to_images(generator(z, one)), grid.columns));
  }
  std::printf(
      "%lld frames in %s; a video of them: ffmpeg -framerate %g -i %s/frame%%06d.png "
      "video.mp4\n",
      static_cast<long long>(frames), o.out.c_str(), o.fps, o.out.c_str());
}

}  // namespace

void add_interpolate(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand(
      "interpolate",
      "Make the frames of a video between random latents, as the official scripts do");
  auto o = std::make_shared<InterpolateOptions>();
  cmd->add_option("--from", o->generator.from,
                  "run folder, run number in runs/, or checkpoint file")
      ->required();
  cmd->add_option("--out", o->out, "folder for frame000000.png ... (default: frames)");
  cmd->add_option("--grid", o->grid, "ROWSxCOLUMNS images in each frame (default: 1x1)");
  cmd->add_option("--seconds", o->seconds, "length (default: 60)")->check(CLI::Range(0.01, 3600.0));
  cmd->add_option("--fps", o->fps, "frames a second (default: 30)")->check(CLI::Range(1.0, 240.0));
  cmd->add_option("--smoothing", o->smoothing,
                  "standard deviation of the movement in seconds (default: 1)")
      ->check(CLI::Range(0.0, 60.0));
  cmd->add_option("--seed", o->seed, "of NumPy's random numbers, as in the official scripts")
      ->check(CLI::Range(int64_t{0}, int64_t{4294967295}));
  cmd->add_option("--class", o->label, "class of all images")->check(CLI::NonNegativeNumber);
  cmd->add_option("--resolution", o->generator.resolution, "size (default: that of the run)");
  cmd->add_option("--device", o->generator.device, "auto, cpu, cuda or cuda:I");
  cmd->add_option("--threads", o->generator.threads, "compute threads (default: all cores)");
  cmd->callback([o] { interpolate(*o); });
}

}  // namespace pg::apps
