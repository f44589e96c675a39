// warnings.cpp: limits beyond which a run is unusual.
#include "model/plan/warnings.h"

#include "kernels/error.h"
#include "model/config/bytes.h"
#include "model/config/format.h"
#include "model/plan/disk.h"
#include "model/plan/reach.h"

namespace pg {
namespace {

constexpr double kWeek = 7.0 * 24.0 * 3600.0;
constexpr int64_t kMostShown = 5000, kFewImages = 100;

// The settings that a run has too high if it ends below its resolution.
const char* lower(const Config& config) {
  if (reads_too_seldom(config)) {
    return "schedule.minibatch_repeats, the minibatches between two readings of the schedule";
  }
  return config.schedule.unit == ScheduleUnit::kimg
             ? "schedule.lod_training_kimg and schedule.lod_transition_kimg or --resolution"
             : "schedule.stage_length and schedule.fade_length or --resolution";
}

}  // namespace

std::vector<std::string> run_warnings(const Config& config, double seconds) {
  std::vector<std::string> warnings;
  if (const std::string end = ends_below(config); !end.empty()) {
    warnings.push_back(message("the run ", end, "; raise --kimg, or lower ", lower(config)));
  }
  if (seconds > kWeek) {
    warnings.push_back(message("the run takes about ", format_duration(seconds),
                               "; --hours N ends sooner, and --recipe small is for slow devices"));
  }
  const int64_t images = config.data.images;
  if (images <= 0) return warnings;
  if (const int64_t shown = total_images(config) / images; shown > kMostShown) {
    warnings.push_back(
        message("each image is shown about ", shown,
                " times, and after some thousand times networks rather repeat images "
                "than learn from them; use more images or a lower --kimg"));
  }
  if (images < kFewImages) {
    warnings.push_back(message("the data set has only ", images,
                               " images; expect copies of them, and new images from 1000 or more"));
  }
  return warnings;
}

std::string disk_warning(const Config& config, int64_t free) {
  const DiskNeeds needs = disk_needs(config, 0);
  if (needs.run_folder() <= free) return "";
  return message("the run may need ", format_bytes(needs.run_folder()), ", but ", config.train.out,
                 " has only ", format_bytes(free),
                 " free; change checkpoint.keep, checkpoint.images_every_kimg or --out, or free "
                 "some space");
}

}  // namespace pg
