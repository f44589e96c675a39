// growth.cpp: shapes by keys, and the schedule of a run that grows.
#include "model/run/growth.h"

#include <algorithm>

#include "data/files/shown.h"
#include "kernels/error.h"
#include "model/config/config_keys.h"
#include "model/config/schedule.h"
#include "model/networks/layers.h"

namespace pg {
namespace {

constexpr double kNoEnd = 1e6;  // kimg

// The tensors of a checkpoint as far as the layers of `resolution`.
std::string tensors_text(Config config, int64_t resolution) {
  config.model.resolution = resolution;
  std::string text = config.optimizer.beta1 > 0 ? "m" : "";
  for (const Network network : {Network::generator, Network::discriminator}) {
    for (const ParameterSpec& p : parameter_specs(network, config.model)) {
      text += message(p.name, " ", p.shape.n, " ", p.shape.h, " ", p.shape.w, " ", p.shape.c, "\n");
    }
  }
  return text;
}

// Each key whose change alone gives other tensors, with both values.
std::vector<std::string> fixed_keys(const Config& before, const Config& after) {
  const int64_t resolution = before.model.resolution;
  const std::string tensors = tensors_text(before, resolution);
  std::vector<std::string> found;
  for (const Key& key : keys()) {
    const KeyValue was = key.get(before), is = key.get(after);
    if (was == is || key.path == "model.resolution") continue;
    Config changed = before;
    key.set(changed, is);
    const bool other_loss = key.path == "model.conditioning";
    if (!other_loss && tensors_text(changed, resolution) == tensors) continue;
    found.push_back(message(key.path, " was ", to_text(was), " and is ", to_text(is)));
  }
  return found;
}

// The stages without an end of the run in between.
std::vector<Stage> endless_stages(Config config) {
  if (config.schedule.unit == ScheduleUnit::kimg) config.schedule.total_kimg = kNoEnd;
  return stages(config);
}

// The last image of a schedule in kimg at which a resolution is stable.
int64_t last_stable(const Config& config, int64_t resolution) {
  int64_t last = -1;
  for (const Stage& stage : endless_stages(config)) {
    if (stage.resolution == resolution && !stage.fading) last = stage.end - 1;
  }
  return last;
}

}  // namespace

void check_resumable(const Config& before, const Config& after) {
  const int64_t was = before.model.resolution, is = after.model.resolution;
  PG_CHECK(is >= was, UsageError, "model.resolution was ", was, " and is ", is,
           ": a resumed run can grow, but not shrink; for smaller images: progan_cuda generate "
           "--resolution ",
           is);
  const std::vector<std::string> fixed = fixed_keys(before, after);
  PG_CHECK(fixed.empty(), UsageError, joined(fixed),
           ": the weights of the checkpoint do not fit the new value, so a resumed run keeps the "
           "former one; drop the change, or start a new run");
  const bool same = tensors_text(before, was) == tensors_text(after, was);
  PG_CHECK(same, UsageError,
           "the changed settings give networks of other shapes than those of the checkpoint; drop "
           "the changes of model.*, or start a new run");
}

int64_t start_of_growth(const Config& config, int64_t resolution) {
  for (const Stage& stage : endless_stages(config)) {
    if (stage.resolution > resolution) return stage.first;
  }
  return total_images(config);
}

void grow_schedule(Config& config, const Config& before, const TrainingCounters& counters,
                   TotalKimg total) {
  ScheduleConfig& s = config.schedule;
  const int64_t from = before.model.resolution;
  if (s.unit != ScheduleUnit::kimg) {
    if (total == TotalKimg::extended) s.total_kimg = 0.0;
    return validate(config);
  }
  if (schedule_at(before, counters.images_shown).lod == 0.0) {
    s.extra_kimg.erase(from);
    const int64_t late = counters.images_shown - last_stable(config, from);
    if (late > 0) s.extra_kimg[from] = kimg_of(late);
  }
  if (total == TotalKimg::extended) {
    const double longest = std::max(s.lod_training_kimg, s.lod_transition_kimg);
    const double end = kimg_of(endless_stages(config).back().first) + longest;
    s.total_kimg = std::max(s.total_kimg, end);
  }
  validate(config);
}

}  // namespace pg
