// timelapse.cpp: a video of a run, from its sample images or from its checkpoints.
#include <algorithm>

#include "apps/commands.h"
#include "apps/frame_output.h"
#include "apps/loaded_generator.h"
#include "apps/option_values.h"
#include "apps/print.h"
#include "apps/stop_signals.h"
#include "data/images/label.h"
#include "data/images/png.h"
#include "data/video/frame.h"
#include "kernels/error.h"
#include "model/networks/samples.h"
#include "model/run/checkpoint_list.h"
#include "model/run/sample_images.h"
#include "model/run/timelapse.h"

namespace pg::apps {
namespace {

struct TimelapseOptions {
  GeneratorChoice generator;  // from: the run
  std::string out = "growth.webm", latents, overlay = "kimg";
  double seconds = 20.0, fps = 30.0;
  bool from_checkpoints = false;
  Force force = Force::no;
};

// The moments of a run, fewest images shown first.
class Moments {
 public:
  virtual ~Moments() = default;
  virtual std::vector<int64_t> images_shown() const = 0;
  virtual int64_t height() const = 0;
  virtual int64_t width() const = 0;
  virtual Moment load(size_t moment) = 0;  // throws Error
};

// Those of --latents, or the usual ones.
GridSize cells_of(const TimelapseOptions& o, const GridSize& grid, int64_t side) {
  if (o.latents.empty()) return usual_cells(grid, side);
  const std::optional<GridSize> cells = parse_grid(o.latents);
  PG_CHECK(cells, UsageError, "--latents: expected ROWSxCOLUMNS, such as 3x2, got '", o.latents,
           "'");
  PG_CHECK(cells->rows <= grid.rows && cells->columns <= grid.columns, UsageError,
           "--latents: expected at most ", grid.rows, "x", grid.columns,
           ", as many as the sample images of this run show, got ", o.latents);
  return *cells;
}

class SampledMoments : public Moments {
 public:
  SampledMoments(const RunFolder& run, const TimelapseOptions& o) : samples_(run) {
    for (const std::string& sentence : samples_.skipped()) note("skipped {}\n", sentence);
    PG_CHECK(!samples_.all().empty(), UsageError, "'", run.path().string(),
             "' has no sample images (fakes*.png); choose a run folder that has");
    cells_ = cells_of(o, samples_.grid(), samples_.side());
  }

  std::vector<int64_t> images_shown() const override {
    std::vector<int64_t> images;
    for (const SampleImage& s : samples_.all()) images.push_back(s.images_shown);
    return images;
  }
  int64_t height() const override { return cells_.rows * samples_.side(); }
  int64_t width() const override { return cells_.columns * samples_.side(); }

  Moment load(size_t moment) override {
    const SampleImage& sample = samples_.all().at(moment);
    return {.image = samples_.load(sample, cells_),
            .label = moment_label(sample.images_shown, sample.resolution)};
  }

 private:
  SampleImages samples_;
  GridSize cells_;
};

// Generated again, from the latents of the sample images.
class GeneratedMoments : public Moments {
 public:
  GeneratedMoments(const RunFolder& run, const TimelapseOptions& o) : choice_(o.generator) {
    choice_.says_reached = false;
    for (const ListedCheckpoint& c : list_checkpoints(run)) {
      if (c.broken.empty()) checkpoints_.push_back(c);
    }
    std::ranges::reverse(checkpoints_);  // the newest was first
    const auto same = [](const ListedCheckpoint& a, const ListedCheckpoint& b) {
      return a.header.images_shown == b.header.images_shown;
    };
    checkpoints_.erase(std::unique(checkpoints_.begin(), checkpoints_.end(), same),
                       checkpoints_.end());
    PG_CHECK(!checkpoints_.empty(), UsageError, "'", run.path().string(),
             "' has no checkpoints; drop --from-checkpoints or choose another run");
    const Config config = config_in_header(checkpoints_.back().path);
    side_ = config.model.resolution;
    grid_ = image_grid(config);
    cells_ = cells_of(o, grid_, side_);
  }

  std::vector<int64_t> images_shown() const override {
    std::vector<int64_t> images;
    for (const ListedCheckpoint& c : checkpoints_) images.push_back(c.header.images_shown);
    return images;
  }
  int64_t height() const override { return cells_.rows * side_; }
  int64_t width() const override { return cells_.columns * side_; }

  Moment load(size_t moment) override {
    const ListedCheckpoint& checkpoint = checkpoints_.at(moment);
    choice_.from = checkpoint.path.string();
    LoadedGenerator generator(choice_);
    Context& context = generator.context();
    const auto seed = static_cast<uint64_t>(generator.config().train.seed);
    Grid grid(cells_.rows * cells_.columns, cells_.columns);
    const int64_t classes = label_count(generator.config());
    for (int64_t i = 0; i < cells_.rows * cells_.columns; ++i) {
      const int64_t row = i / cells_.columns, latent = row * grid_.columns + i % cells_.columns;
      const Tensor z =
          seeded_latents(context, generator.config(), seed + static_cast<uint64_t>(latent), 1);
      const std::vector<int32_t> label = {classes > 0 ? static_cast<int32_t>(row % classes) : 0};
      const Tensor x = generator(z, classes > 0 ? one_hot(context, label, classes) : Tensor());
      grid.add(enlarged(convert_channels(to_images(x).front(), 3), side_ / generator.resolution()));
    }
    return {.image = grid.take(),
            .label = moment_label(checkpoint.header.images_shown, generator.resolution())};
  }

 private:
  GeneratorChoice choice_;
  std::vector<ListedCheckpoint> checkpoints_;
  int64_t side_ = 4;
  GridSize grid_, cells_;
};

RunFolder run_of(const TimelapseOptions& o) {
  const std::optional<RunFolder> run = find_run(o.generator.from, "runs");
  PG_CHECK(run, UsageError, "'", o.generator.from,
           "': expected a run folder or a run in 'runs' (progan_cuda runs lists them)");
  PG_CHECK(std::filesystem::exists(run->config_file()), UsageError, "'", run->path().string(),
           "' is not a run folder; progan_cuda runs lists runs");
  return *run;
}

std::unique_ptr<Moments> moments_of(const TimelapseOptions& o) {
  const RunFolder run = run_of(o);
  if (o.from_checkpoints) return std::make_unique<GeneratedMoments>(run, o);
  return std::make_unique<SampledMoments>(run, o);
}

std::optional<Moment> load_or_skip(Moments& moments, size_t moment) {
  try {
    return moments.load(moment);
  } catch (const DeviceError&) {
    throw;
  } catch (const Error& error) {
    note("skipped: {}\n", error.what());
    return std::nullopt;
  }
}

void write_frames(const TimelapseOptions& o, Moments& moments, int64_t count, FrameOutput& output) {
  const std::vector<int64_t> images = moments.images_shown();
  TimelapseFrames frames(moments_over_time(images, count),
                         [&](size_t moment) { return load_or_skip(moments, moment); });
  for (int64_t t = 0; t < count; ++t) {
    output.check_stop();
    const std::optional<Moment> moment = frames.next();
    PG_CHECK(moment, FormatError,
             "no sample image or checkpoint of this run can be read; restore the files");
    Image frame = video_frame(moment->image);
    if (o.overlay == "kimg") draw_label(frame, moment->label);
    output.add(frame);
  }
}

void timelapse(const TimelapseOptions& o) {
  const auto count = static_cast<int64_t>(o.seconds * o.fps + 0.5);
  const std::unique_ptr<Moments> moments = moments_of(o);
  const StopSignals signals;  // nothing is written before
  FrameOutput output(o.out, o.force, {.frames = count, .fps = o.fps});
  const int64_t factor = video_factor(moments->height(), moments->width());
  output.start(moments->height() * factor, moments->width() * factor);
  write_frames(o, *moments, count, output);
  output.finish();
}

}  // namespace

void add_timelapse(Command& app) {
  Command* cmd = app.add_subcommand("timelapse", "Make a video that shows how a run learned");
  auto o = std::make_shared<TimelapseOptions>();
  cmd->add_option("-r,--from,RUN", o->generator.from, "run folder, or run number in runs/")
      ->required();
  cmd->add_option("-o,--out", o->out, message(kVideoHelp, " (default: growth.webm)"));
  add_force(*cmd, o->force);
  cmd->add_option("--seconds", o->seconds, "length of the video in seconds (default: 20)")
      ->check(Range(0.1, 3600.0));
  cmd->add_option("--fps", o->fps, "frames per second (default: 30)")->check(Range(1.0, 240.0));
  cmd->add_option(
         "--latents", o->latents,
         "rows x columns of upper left images of the sample images (default: as many as fit "
         "into 1920x1080)")
      ->type_name("RxC");
  cmd->add_option("--overlay", o->overlay,
                  "kimg (images shown and resolution, in a corner) or none (default: kimg)")
      ->check(IsMember({"kimg", "none"}));
  cmd->add_flag("--from-checkpoints", o->from_checkpoints,
                "generate the images again, from each checkpoint, instead of using fakes*.png");
  cmd->add_option("--device", o->generator.device, kDeviceHelp);
  cmd->add_option("--threads", o->generator.threads, kThreadsHelp)->check(Range(0, 4096));
  cmd->callback([o] { timelapse(*o); });
}

}  // namespace pg::apps
