// interpolate.cpp: a looping video over smoothly moving latents.
#include <algorithm>
#include <optional>

#include "apps/commands.h"
#include "apps/frame_output.h"
#include "apps/loaded_generator.h"
#include "apps/memory.h"
#include "apps/option_values.h"
#include "apps/stop_signals.h"
#include "data/images/png.h"
#include "kernels/error.h"
#include "model/config/class_names.h"
#include "model/networks/latents.h"
#include "model/networks/samples.h"

namespace pg::apps {
namespace {

struct InterpolateOptions {
  GeneratorChoice generator;
  std::string grid = "1x1", out = "frames", seeds;
  double seconds = 60.0, fps = 30.0, smoothing = 1.0;
  std::string label;  // a class; empty: the first
  int64_t seed = 1000;
  Force force = Force::no;
};

// Makes images from latents as they come, some at a time, and arranges them in frames.
class Frames {
 public:
  Frames(LoadedGenerator& generator, GridSize grid, int64_t label)
      : generator_(generator), grid_size_(grid), label_(label) {}

  int64_t images() const { return grid_size_.rows * grid_size_.columns; }  // of a frame
  int64_t height() const { return grid_size_.rows * generator_.resolution(); }
  int64_t width() const { return grid_size_.columns * generator_.resolution(); }
  int64_t row() const { return latent_size(generator_.config()); }

  void write(LatentLoop& loop, int64_t frames, FrameOutput& output) {
    const int64_t total = frames * images();
    std::vector<double> latents;  // of the next images
    for (int64_t made = 0; made < total;) {
      output.check_stop();
      const int64_t count = std::min(batch(), total - made);
      const auto numbers = static_cast<size_t>(count * row());
      while (latents.size() < numbers) {
        const std::vector<double> more = loop.next();
        latents.insert(latents.end(), more.begin(), more.end());
      }
      for (const Image& image : generate(std::span(latents).first(numbers), count)) {
        add(image, ++made, output);
      }
      latents.erase(latents.begin(), latents.begin() + static_cast<int64_t>(numbers));
    }
  }

 private:
  // As many pixels as 16 images of 256x256.
  int64_t batch() const {
    const int64_t side = generator_.resolution();
    return std::clamp<int64_t>((int64_t{1} << 20) / (side * side), 1, 16);
  }

  std::vector<Image> generate(std::span<const double> latents, int64_t count) {
    Context& context = generator_.context();
    const int64_t classes = label_count(generator_.config());
    const Tensor z(context, {count, 1, 1, row()}, DType::f32);
    from_host(z, latents);
    const std::vector<int32_t> labels(static_cast<size_t>(count), static_cast<int32_t>(label_));
    return to_images(generator_(z, classes > 0 ? one_hot(context, labels, classes) : Tensor()));
  }

  void add(const Image& image, int64_t made, FrameOutput& output) {
    if (!frame_) frame_.emplace(images(), grid_size_.columns);
    frame_->add(image);
    if (made % images() != 0) return;
    output.add(frame_->image());
    frame_.reset();
  }

  LoadedGenerator& generator_;
  GridSize grid_size_;
  int64_t label_;
  std::optional<Grid> frame_;
};

// The latents of --seeds, as generate has them, or random ones.
std::unique_ptr<LatentLoop> loop_of(const InterpolateOptions& o, LoadedGenerator& generator,
                                    int64_t frames, int64_t images, FrameOutput& output) {
  const int64_t row = latent_size(generator.config());
  if (o.seeds.empty()) {
    const RandomLoop::Shape shape{.frames = frames,
                                  .row = images * row,
                                  .sigma = o.smoothing * o.fps,
                                  .seed = static_cast<uint32_t>(o.seed)};
    return std::make_unique<RandomLoop>(shape, [&output] { output.check_stop(); });
  }
  std::vector<std::vector<double>> keys;
  for (const uint64_t seed : parse_seeds(o.seeds)) {
    keys.push_back(to_host(seeded_latents(generator.context(), generator.config(), seed, 1)));
  }
  return std::make_unique<SeedLoop>(std::move(keys), frames, images);
}

// Before anything is made.
void check_memory(const InterpolateOptions& o, const Frames& frames, int64_t count) {
  const double bytes = RandomLoop::bytes(
      {.frames = count, .row = frames.images() * frames.row(), .sigma = o.smoothing * o.fps});
  require_memory(static_cast<int64_t>(bytes),
                 message("a video of ", count, " frames of ", frames.images(), " images"),
                 "lower --seconds, --fps or --grid");
}

void interpolate(const InterpolateOptions& o) {
  const std::vector<uint64_t> seeds =
      o.seeds.empty() ? std::vector<uint64_t>() : parse_seeds(o.seeds);
  PG_CHECK(o.seeds.empty() || seeds.size() > 1, UsageError,
           "--seeds: expected at least two seeds to move between, got '", o.seeds, "'");
  LoadedGenerator generator(o.generator);
  const int64_t label = o.label.empty() ? 0 : class_number(generator.config(), o.label, "--class");
  const GridSize grid = grid_option(o.grid);
  PG_CHECK(grid.rows * grid.columns <= kMostGridImages, UsageError, "--grid: expected at most ",
           kMostGridImages, " images, got ", o.grid);
  Frames frames(generator, grid, label);
  const auto count = static_cast<int64_t>(o.seconds * o.fps + 0.5);
  PG_CHECK(count > 0, UsageError, "--seconds ", o.seconds, " at --fps ", o.fps,
           " gives no frame; increase one of them");
  check_memory(o, frames, count);
  const StopSignals signals;  // nothing is written before
  FrameOutput output(o.out, o.force, {.frames = count, .fps = o.fps});
  output.start(frames.height(), frames.width());
  const std::unique_ptr<LatentLoop> loop = loop_of(o, generator, count, frames.images(), output);
  frames.write(*loop, count, output);
  output.finish();
}

}  // namespace

void add_interpolate(Command& app) {
  Command* cmd = app.add_subcommand(
      "interpolate", "Make a video that moves between random latents and ends as it starts");
  auto o = std::make_shared<InterpolateOptions>();
  cmd->add_option("-r,--from,RUN", o->generator.from, kFromHelp)->required();
  cmd->add_option("-o,--out", o->out, message(kVideoHelp, " (default: frames)"));
  add_force(*cmd, o->force);
  cmd->add_option("--grid", o->grid, "ROWSxCOLUMNS images per frame (default: 1x1)");
  cmd->add_option("--seconds", o->seconds, "length of the video in seconds (default: 60)")
      ->check(Range(0.01, 3600.0));
  cmd->add_option("--fps", o->fps, "frames per second (default: 30)")->check(Range(1.0, 240.0));
  Option* smoothing =
      cmd->add_option("--smoothing", o->smoothing,
                      "standard deviation of the temporal Gaussian filter in seconds (default: 1)")
          ->check(Range(0.0, 60.0));
  Option* seed =
      cmd->add_option("--seed", o->seed,
                      "seed of numpy.random.RandomState, as in the official scripts (default: "
                      "1000)")
          ->check(Range(int64_t{0}, int64_t{4294967295}));
  cmd->add_option("--seeds", o->seeds,
                  "move from the image of one seed of generate to the next, and back to the first: "
                  "1,5,9 or 0-7")
      ->excludes(seed)
      ->excludes(smoothing);
  cmd->add_option("--class", o->label, std::string(kClassHelp) + " (default: 0)");
  cmd->add_option("--resolution", o->generator.resolution,
                  "size in pixels, at most what the run has trained (default: that)");
  cmd->add_option("--device", o->generator.device, kDeviceHelp);
  cmd->add_option("--threads", o->generator.threads, kThreadsHelp)->check(Range(0, 4096));
  cmd->callback([o] { interpolate(*o); });
}

}  // namespace pg::apps
