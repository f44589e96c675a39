// plan.cpp: the memory, time and disk space of a run, before it starts.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/commands.h"
#include "apps/run_options.h"
#include "kernels/error.h"
#include "model/config/bytes.h"
#include "model/config/format.h"
#include "model/plan/disk.h"
#include "model/plan/speed.h"

namespace pg::apps {
namespace {

using Json = nlohmann::ordered_json;

struct PlanOptions {
  RunOptions run;
  bool measure = false, json = false;
};

// The data set as far as it is known without building it.
struct DataFacts {
  DataShape shape;
  int64_t to_build = 0;  // images
};

DataFacts data_facts(const Config& c) {
  if (c.data.path.empty()) {
    PG_CHECK(c.model.resolution > 0, UsageError,
             "the size of the images is unknown; give --resolution or --data");
    return {.shape = {.resolution = c.model.resolution,
                      .channels = c.model.channels == 0 ? 3 : c.model.channels,
                      .images = c.data.images,
                      .labels = c.model.label_size}};
  }
  const OpenOptions options = data_options(c);
  if (const auto built = find_built(c.data.path, options)) {
    return {.shape = {.resolution = built->max_resolution(),
                      .channels = built->channels(),
                      .images = built->count(),
                      .labels = built->label_count()}};
  }
  const auto source = open_source(c.data.path);
  const BuildOptions build = resolve_options(*source, options.build);
  return {.shape = {.resolution = build.resolution,
                    .channels = build.channels,
                    .images = source->count(),
                    .labels = static_cast<int64_t>(source->label_names().size())},
          .to_build = source->count()};
}

// The results.
struct Plan {
  Config config;
  std::string device;
  int64_t limit = 0;
  std::vector<ResolutionMemory> memory;
  std::string refusal;  // why train would not start; empty: the run fits
  std::vector<StageSpeed> speed;
  DiskNeeds disk;
  int64_t disk_free = 0;
  std::string cache_folder;  // of a data set to be built
  int64_t cache_free = 0;
};

// Totals of one resolution.
struct StageTime {
  int64_t images = 0;
  double seconds = 0.0;
};

StageTime time_of(const Plan& plan, int64_t resolution) {
  StageTime t;
  for (const Stage& stage : stages(plan.config)) {
    if (stage.resolution == resolution) t.images += stage.images();
  }
  for (const StageSpeed& s : plan.speed) {
    if (s.stage.resolution == resolution) t.seconds += s.seconds;
  }
  return t;
}

double total_seconds(const Plan& plan) {
  double seconds = 0.0;
  for (const StageSpeed& s : plan.speed) seconds += s.seconds;
  return seconds;
}

void plan_memory(Plan& plan, const DeviceChoice& device) {
  const PlannedRun run = planned_run(plan.config, device);
  const Config asked = plan.config;
  try {
    plan.memory = fit_into_memory(plan.config, run, plan.limit, FormerChoice::keep).memory;
  } catch (const OutOfMemoryError& error) {
    plan.refusal = error.what();
    plan.config = asked;
    plan.memory = memory_by_resolution(asked, run);
  }
}

Plan make_plan(const PlanOptions& o) {
  Plan plan;
  plan.config = new_run_config(o.run);
  Config& c = plan.config;
  const DeviceChoice device = choose_device(c.train.device);
  c.train.precision = resolve_precision(c.train.precision, device);
  const auto backend = open_device(device, c.train.threads, c.train.precision, c.train.kernels);
  plan.device = message(backend->name(), ", ", backend->description());
  const DataFacts data = data_facts(c);
  resolve(c, data.shape);
  plan.limit = memory_limit(c, *backend);
  plan_memory(plan, device);
  plan.disk = disk_needs(c, data.to_build);
  plan.disk_free = free_disk(c.train.out);
  if (data.to_build > 0) {
    plan.cache_folder = cache_root(data_options(c)).string();
    plan.cache_free = free_disk(plan.cache_folder);
  }
  if (o.measure && plan.refusal.empty()) {
    constexpr double kSeconds = 1.0;  // for each stage, at least
    Context context(*backend);
    plan.speed = measure_speed(context, c, kSeconds);
  }
  return plan;
}

Json to_json(const Plan& plan) {
  Json stages = Json::array();
  for (const ResolutionMemory& m : plan.memory) {
    const StageTime t = time_of(plan, m.resolution);
    Json stage{{"resolution", m.resolution},
               {"images", t.images},
               {"minibatch", m.minibatch},
               {"micro_batch", m.micro_batch},
               {"memory",
                {{"parameters", m.parameters},
                 {"optimizer", m.optimizer},
                 {"steps", m.steps},
                 {"activations", m.activations},
                 {"gradient_penalty", m.penalty},
                 {"workspace", m.workspace},
                 {"pictures", m.pictures},
                 {"host", m.host},
                 {"total", m.total()}}},
               {"fits", m.total() <= plan.limit}};
    if (!plan.speed.empty()) {
      stage["images_per_second"] = static_cast<double>(t.images) / t.seconds;
      stage["seconds"] = t.seconds;
    }
    stages.push_back(std::move(stage));
  }
  Json json{{"device", plan.device},
            {"memory_limit", plan.limit},
            {"fits", plan.refusal.empty()},
            {"stages", std::move(stages)},
            {"disk",
             {{"checkpoint", plan.disk.checkpoint},
              {"checkpoints", plan.disk.checkpoints},
              {"picture", plan.disk.picture},
              {"pictures", plan.disk.pictures},
              {"run_folder", plan.disk.run_folder()},
              {"run_folder_free", plan.disk_free},
              {"data_set", plan.disk.data_set}}}};
  if (!plan.speed.empty()) json["seconds"] = total_seconds(plan);
  return json;
}

void print_stage(const Plan& plan, const ResolutionMemory& m) {
  const StageTime t = time_of(plan, m.resolution);
  const std::string name = message(m.resolution, "x", m.resolution);
  const std::string parts = m.micro_batch < m.minibatch
                                ? message(m.minibatch, " in ", m.micro_batch)
                                : message(m.minibatch);
  std::printf("%-10s %8.4g %11s", name.c_str(), kimg_of(t.images), parts.c_str());
  for (const int64_t bytes : {m.parameters, m.optimizer, m.activations, m.penalty, m.workspace,
                              m.pictures + m.host, m.total()}) {
    std::printf(" %11s", format_bytes(bytes).c_str());
  }
  if (!plan.speed.empty()) {
    std::printf(" %9.4g %8s", static_cast<double>(t.images) / t.seconds,
                format_duration(t.seconds).c_str());
  }
  std::puts(m.total() > plan.limit ? "  does not fit" : "");
}

void print_memory(const Plan& plan) {
  std::printf("%s\nmemory limit: %s (%s)\n\n", plan.device.c_str(),
              format_bytes(plan.limit).c_str(),
              plan.config.train.memory_limit.empty() ? "free memory" : "train.memory_limit");
  std::printf("%-10s %8s %11s", "resolution", "kimg", "minibatch");
  for (const char* kind :
       {"parameters", "optimizer", "activations", "penalty", "workspace", "host", "total"}) {
    std::printf(" %11s", kind);
  }
  std::puts(plan.speed.empty() ? "" : "  images/s     time");
  for (const ResolutionMemory& m : plan.memory) print_stage(plan, m);
  std::puts(
      "total: activations and penalty are not needed at the same time, so the larger one counts, "
      "plus gaps between tensors; host: the program, its files and sample images");
  if (!plan.speed.empty()) {
    std::printf("\ntime of the whole run: %s\n", format_duration(total_seconds(plan)).c_str());
  } else if (plan.refusal.empty()) {
    std::puts(
        "\n--measure adds images per second and time; it trains each stage for about a second");
  }
}

void print_disk(const Plan& plan) {
  const DiskNeeds& d = plan.disk;
  std::printf(
      "disk in %s: %s for up to %lld checkpoints of %s, up to %s for %lld sample images; %s free\n",
      plan.config.train.out.c_str(), format_bytes(d.checkpoint * d.checkpoints).c_str(),
      static_cast<long long>(d.checkpoints), format_bytes(d.checkpoint).c_str(),
      format_bytes(d.picture * d.pictures).c_str(), static_cast<long long>(d.pictures),
      format_bytes(plan.disk_free).c_str());
  if (d.data_set > 0) {
    std::printf("disk in %s: %s for the data set, which is not built yet; %s free\n",
                plan.cache_folder.c_str(), format_bytes(d.data_set).c_str(),
                format_bytes(plan.cache_free).c_str());
  }
}

// Checkpoints and data sets do not compress; sample images count with their largest possible size.
void warn_of_disk(const Plan& plan) {
  const DiskNeeds& d = plan.disk;
  if (d.run_folder() > plan.disk_free) {
    std::fprintf(stderr,
                 "warning: %s may not have enough space for the run; change checkpoint.keep, "
                 "checkpoint.images_every_kimg or --out\n",
                 plan.config.train.out.c_str());
  }
  if (d.data_set > 0 && d.data_set > plan.cache_free) {
    std::fprintf(stderr,
                 "warning: %s does not have enough space for the data set; set data.cache_folder\n",
                 plan.cache_folder.c_str());
  }
}

void show_plan(const PlanOptions& o) {
  const Plan plan = make_plan(o);
  if (o.json) {
    std::puts(to_json(plan).dump(2).c_str());
  } else {
    print_memory(plan);
    print_disk(plan);
  }
  std::fflush(stdout);
  warn_of_disk(plan);
  if (!plan.refusal.empty()) throw OutOfMemoryError(plan.refusal);
}

}  // namespace

void add_plan(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand(
      "plan", "Print the memory, time and disk space that a training run will need");
  auto o = std::make_shared<PlanOptions>();
  add_run_options(*cmd, o->run);
  cmd->add_flag("--measure", o->measure, "train each stage for about a second to measure its time");
  cmd->add_flag("--json", o->json, "print one JSON object, sizes in bytes");
  cmd->callback([o] { show_plan(*o); });
}

}  // namespace pg::apps
