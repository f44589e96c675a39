// plan.cpp: the memory, time and disk space of a run, before it starts.
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/commands.h"
#include "apps/data_facts.h"
#include "apps/print.h"
#include "apps/recipe_choice.h"
#include "kernels/error.h"
#include "kernels/gpu.h"
#include "model/config/bytes.h"
#include "model/config/device_name.h"
#include "model/config/format.h"
#include "model/device/gpu_models.h"
#include "model/plan/disk.h"
#include "model/plan/speed.h"
#include "model/plan/warnings.h"
#include "model/selftest/trust.h"

namespace pg::apps {
namespace {

using Json = nlohmann::ordered_json;

struct PlanOptions {
  RunOptions run;
  std::string gpu;
  bool measure = false, json = false;
};

// The results.
struct Plan {
  Config config;
  std::string device;
  bool measurable = true;  // the device is here
  int64_t limit = 0;
  std::string limit_text;
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
    plan.memory = fit_into_memory(plan.config, run, plan.limit, PartsChoice::choose).memory;
  } catch (const OutOfMemoryError& error) {
    plan.refusal = error.what();
    plan.config = asked;
    plan.memory = memory_by_resolution(asked, run);
  }
}

// A GPU that is named, or the usual one where none can be used.
DeviceChoice planned_device(const PlanOptions& o, const Config& config) {
  const bool cuda = require_device(config.train.device).kind == DeviceKind::cuda;
  if (!o.gpu.empty()) {
    PG_CHECK(cuda || o.run.device.empty(), UsageError, "--gpu ", o.gpu,
             " plans for a GPU, but --device is ", o.run.device, "; drop one of the two");
    return {.cuda = true, .reason = {}, .described = gpu_model(o.gpu)};
  }
  if (cuda && !find_gpus().problem.empty()) {
    return {.cuda = true, .reason = {}, .described = gpu_model(kUsualGpu)};
  }
  return choose_device(config.train.device);
}

std::string device_text(const PlanOptions& o, const DeviceChoice& device, Speeds& speeds,
                        const Config& config) {
  if (device.described) {
    return message("cuda, ", device.described->name, ", which is not here: its speed is unknown",
                   o.gpu.empty() ? "; --gpu NAME plans for another one" : "");
  }
  const Backend& backend = speeds.backend(config);
  return message(backend.name(), ", ", backend.description());
}

void plan_time(Plan& plan, const PlanOptions& o, Speeds& speeds) {
  if (!plan.refusal.empty()) return;
  if (!o.measure) {
    plan.speed = stage_speeds(plan.config, speeds.kept(plan.config));
    return;
  }
  constexpr double kSeconds = 1.0;  // for each stage, at least
  Context context(speeds.backend(plan.config));
  plan.speed = measure_speed(context, plan.config, kSeconds);
  speeds.keep(plan.config, by_resolution(plan.config.model, plan.speed));
}

Plan make_plan(const PlanOptions& o) {
  Plan plan;
  plan.config = new_run_config(o.run);
  Config& c = plan.config;
  const DeviceChoice device = planned_device(o, c);
  PG_CHECK(!device.described || !o.measure, UsageError,
           "--measure needs the GPU itself; drop it, or plan for --device cpu");
  c.train.precision = resolve_precision(c.train.precision, device);
  if (!device.described) {
    c.train.left_out =
        selftest::remembered_left_out(device, c.train.selftest, c.train.precision).text();
  }
  Speeds speeds(device, o.json);
  apply_recipe(c, o.run, device, speeds);
  plan.measurable = !device.described;
  plan.device = device_text(o, device, speeds, c);
  const DataFacts data = data_facts(c);
  resolve(c, data.shape);
  scale_schedule(o.run, c);
  plan.limit = memory_limit(c, speeds.free_bytes(c));
  plan.limit_text = memory_limit_text(c, speeds.free_bytes(c));
  plan_memory(plan, device);
  plan.disk = disk_needs(c, data.to_build);
  plan.disk_free = free_disk(c.train.out);
  if (data.to_build > 0) {
    plan.cache_folder = cache_root(data_options(c)).string();
    plan.cache_free = free_disk(plan.cache_folder);
  }
  plan_time(plan, o, speeds);
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
  print("{:<10} {:8.4g} {:>11}", name, kimg_of(t.images), parts);
  for (const int64_t bytes : {m.parameters, m.optimizer, m.activations, m.penalty, m.workspace,
                              m.pictures + m.host, m.total()}) {
    print(" {:>11}", format_bytes(bytes));
  }
  if (!plan.speed.empty()) {
    print(" {:9.4g} {:>8}", static_cast<double>(t.images) / t.seconds, format_duration(t.seconds));
  }
  write_output(m.total() > plan.limit ? "  does not fit\n" : "\n");
}

void print_memory(const Plan& plan) {
  print("{}\nmemory limit: {}\n\n", plan.device, plan.limit_text);
  print("{:<10} {:>8} {:>11}", "resolution", "kimg", "minibatch");
  for (const char* kind :
       {"parameters", "optimizer", "activations", "penalty", "workspace", "host", "total"}) {
    print(" {:>11}", kind);
  }
  write_output(plan.speed.empty() ? "\n" : "  images/s     time\n");
  for (const ResolutionMemory& m : plan.memory) print_stage(plan, m);
  print(
      "total: activations and penalty are not needed at the same time, so the larger one counts, "
      "plus gaps between tensors; host: the program, its files and sample images\n");
  if (!plan.speed.empty()) {
    print("\ntime of the whole run: {}\n", format_duration(total_seconds(plan)));
  } else if (plan.refusal.empty() && plan.measurable) {
    print("\n--measure adds images per second and time; it trains each stage for about a second\n");
  }
}

void print_disk(const Plan& plan) {
  const DiskNeeds& d = plan.disk;
  print("disk in {}: {} for up to {} checkpoints of {}, up to {} for {} sample images; {} free\n",
        plan.config.train.out, format_bytes(d.checkpoint * d.checkpoints), d.checkpoints,
        format_bytes(d.checkpoint), format_bytes(d.picture * d.pictures), d.pictures,
        format_bytes(plan.disk_free));
  if (d.data_set > 0) {
    print("disk in {}: {} for the data set, which is not built yet; {} free\n", plan.cache_folder,
          format_bytes(d.data_set), format_bytes(plan.cache_free));
  }
}

// Checkpoints and data sets do not compress; sample images count with their largest possible size.
void warn_of_disk(const Plan& plan) {
  const DiskNeeds& d = plan.disk;
  if (d.run_folder() > plan.disk_free) {
    note(
        "warning: {} may not have enough space for the run; change checkpoint.keep, "
        "checkpoint.images_every_kimg or --out\n",
        plan.config.train.out);
  }
  if (d.data_set > 0 && d.data_set > plan.cache_free) {
    note("warning: {} does not have enough space for the data set; set data.cache_folder\n",
         plan.cache_folder);
  }
}

void show_plan(const PlanOptions& o) {
  const Plan plan = make_plan(o);
  if (o.json) {
    write_output(to_json(plan).dump(2, ' ', true, Json::error_handler_t::replace) + "\n");
  } else {
    print_memory(plan);
    print_disk(plan);
  }
  finish_output();
  warn_of_disk(plan);
  for (const std::string& warning : run_warnings(plan.config, total_seconds(plan))) {
    note("warning: {}\n", warning);
  }
  if (!plan.refusal.empty()) throw OutOfMemoryError(plan.refusal);
}

}  // namespace

void add_plan(Command& app) {
  Command* cmd = app.add_subcommand(
      "plan", "Print the memory, time and disk space that a training run will need");
  auto o = std::make_shared<PlanOptions>();
  add_run_options(*cmd, o->run);
  cmd->add_option(
      "--gpu", o->gpu,
      "plan for this GPU, which need not be here: " + joined(gpu_model_names(), " or "));
  cmd->add_flag("--measure", o->measure, "train each stage for about a second to measure its time");
  cmd->add_flag("--json", o->json, "print one JSON object, sizes in bytes");
  cmd->callback([o] { show_plan(*o); });
}

}  // namespace pg::apps
