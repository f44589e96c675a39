// interpolate.cpp: frames of a looping video over smoothly moving random latents.
#include <cstdio>
#include <filesystem>

#include "apps/commands.h"
#include "apps/loaded_generator.h"
#include "apps/option_values.h"
#include "data/images/png.h"
#include "kernels/error.h"
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
  const GridSize grid = grid_option(o.grid);
  const int64_t each = grid.rows * grid.columns, row = latent_size(generator.config());
  const int64_t classes = label_count(generator.config());
  PG_CHECK(o.label < 1 || classes > 0, UsageError, "--class ", o.label,
           ": this model was trained without classes");
  PG_CHECK(o.label < classes || classes == 0, UsageError, "--class: expected 0 to ", classes - 1,
           ", the classes of this model, got ", o.label);
  const auto frames = static_cast<int64_t>(o.seconds * o.fps + 0.5);
  PG_CHECK(frames > 0, UsageError, "--seconds ", o.seconds, " at --fps ", o.fps,
           " gives no frame; increase one of them");
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
      "%lld frames in %s; to make a video: ffmpeg -framerate %g -i %s/frame%%06d.png "
      "video.mp4\n",
      static_cast<long long>(frames), o.out.c_str(), o.fps, o.out.c_str());
}

}  // namespace

void add_interpolate(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand("interpolate",
                                     "Generate the frames of a video that moves between random "
                                     "latents, as the official scripts do");
  auto o = std::make_shared<InterpolateOptions>();
  cmd->add_option("--from", o->generator.from, kFromHelp)->required();
  cmd->add_option("--out", o->out, "folder for frame000000.png, ... (default: frames)");
  cmd->add_option("--grid", o->grid, "ROWSxCOLUMNS images per frame (default: 1x1)");
  cmd->add_option("--seconds", o->seconds, "length of the video in seconds (default: 60)")
      ->check(CLI::Range(0.01, 3600.0));
  cmd->add_option("--fps", o->fps, "frames per second (default: 30)")
      ->check(CLI::Range(1.0, 240.0));
  cmd->add_option("--smoothing", o->smoothing,
                  "standard deviation of the temporal Gaussian filter in seconds (default: 1)")
      ->check(CLI::Range(0.0, 60.0));
  cmd->add_option("--seed", o->seed,
                  "seed of numpy.random.RandomState, as in the official scripts (default: 1000)")
      ->check(CLI::Range(int64_t{0}, int64_t{4294967295}));
  cmd->add_option("--class", o->label, "class of all images, counted from 0 (default: 0)")
      ->check(CLI::NonNegativeNumber);
  cmd->add_option("--resolution", o->generator.resolution,
                  "size in pixels, at most that of the run (default: that of the run)");
  cmd->add_option("--device", o->generator.device, kDeviceHelp);
  cmd->add_option("--threads", o->generator.threads, kThreadsHelp);
  cmd->callback([o] { interpolate(*o); });
}

}  // namespace pg::apps
