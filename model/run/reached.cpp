// reached.cpp: the fade of a checkpoint, and what may be generated from it.
#include "model/run/reached.h"

#include "kernels/error.h"
#include "model/config/format.h"
#include "model/run/checkpoint.h"

namespace pg {

std::string fade_text(const Fade& fade) {
  const std::string size = message(fade.resolution, "x", fade.resolution);
  if (!fade.fading()) return size;
  return message(size, " fading (weight ", format_fixed(fade.alpha, 2), ")");
}

std::optional<ExportedPosition> position_of(const Safetensors& checkpoint) {
  if (is_network_file(checkpoint.metadata())) return exported_position(checkpoint);
  const TrainingCounters counters = read_counters(checkpoint);
  return ExportedPosition{.images_shown = counters.images_shown, .looked_at = counters.looked_at};
}

Reached reached_by(const Safetensors& checkpoint, const Config& config) {
  Reached reached{.fade = {config.model.resolution}, .final_resolution = config.model.resolution};
  if (const auto position = position_of(checkpoint)) {
    // The last reading of the schedule, which the images of the run follow as well.
    reached.fade = schedule_at(config, position->looked_at).fade;
    reached.images_shown = position->images_shown;
  }
  return reached;
}

Fade fade_to_generate(const Reached& reached, int64_t resolution, const char* option) {
  if (resolution == 0 || resolution == reached.fade.resolution) return reached.fade;
  const bool later = is_resolution(resolution) && resolution <= reached.final_resolution;
  PG_CHECK(!later || resolution < reached.fade.resolution, UsageError, option,
           ": expected at most ", reached.fade.resolution, ", since at ",
           kimg_of(reached.images_shown), " kimg the run has trained ", fade_text(reached.fade),
           " of ", reached.final_resolution, "x", reached.final_resolution, ", got ", resolution);
  PG_CHECK(later, UsageError, option, ": expected a power of two from 4 to ",
           reached.fade.resolution, ", the resolution that was trained, got ", resolution);
  return {resolution};
}

}  // namespace pg
