// schedule.h: resolution, alpha, minibatch and learning rates after a given number of images
// (paper, appendix A.1; the official code's TrainingSchedule).
//
// Images are counted in integers and stages end on whole images, so a schedule gives the same
// numbers wherever a run is resumed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/config/config.h"
#include "model/config/fade.h"

namespace pg {

struct SchedulePoint {
  double lod = 0.0;  // log2(final resolution / current), falling smoothly during a fade
  Fade fade;
  int64_t minibatch = 0;  // images
  double g_learning_rate = 0.0;
  double d_learning_rate = 0.0;
  double tick_kimg = 0.0;
};

// A resolution, fading or stable, and the images [first, end) shown at it.
struct Stage {
  int64_t resolution = 4;
  bool fading = false;
  int64_t first = 0;
  int64_t end = 0;

  int64_t images() const { return end - first; }
  // Halfway through a fade, or stable.
  Fade halfway() const { return {resolution, fading ? 0.5 : 1.0}; }
};

// Thousands of images as images, rounded.
int64_t images_in(double kimg);
// Images as thousands of images.
inline double kimg_of(int64_t images) { return static_cast<double>(images) / 1000.0; }

// The schedule after `images_shown` images. With i = floor(kimg / (training + transition)) and
// k = kimg - i * (training + transition):
//   lod = max(0, log2(final / initial) - i - max(0, k - training) / transition)
//   resolution = final / 2^floor(lod), alpha = 1 - (lod - floor(lod))
// A fade therefore starts one image after `training`, and its resolution is stable from the first
// image of the next i.
// schedule.extra_kimg of a resolution: k stands still at `training` for so many images.
//
// If schedule.unit is iterations or epochs, every resolution lasts stage_length and fades in during
// the first fade_length (except 4x4 and the first resolution). After m of its images, with B the
// minibatch, F the length of the fade and q = max(1, alpha_step B), all in images:
//   alpha = min(1, alpha_start + (floor(m / q) q + alpha_offset B) / F)
// An epoch has data.images images, or floor(data.images / B) B if the last minibatch is dropped.
// Needs model.resolution and, for epochs, data.images (see resolve); throws UsageError if it is 0.
SchedulePoint schedule_at(const Config& config, int64_t images_shown);

// The lod before the first iteration: the optimizer is reset after it at any point of a schedule.
inline constexpr double kNoLod = -1.0;

// The first number of images at which the schedule has come down to `lod`, or nearest to it. For
// networks of which only the lod is known. At lod 0: the start of the last stable stage.
int64_t images_at_lod(const Config& config, double lod);

// True if floor(lod) or ceil(lod) changed: at the first iteration and at the start and end of each
// fade. For optimizer.reset = fade_borders.
bool optimizer_resets_between(double previous_lod, double lod);

// The stages up to total_images, in order and without gaps; schedule_at agrees with the stage
// that contains its image.
std::vector<Stage> stages(const Config& config);

// The schedule as a run from the start reads it last, and with which it ends: the schedule is read
// before every minibatch_repeats minibatches alone.
SchedulePoint last_reading(const Config& config);

// Images until training ends: schedule.total_kimg, or the end of the last stage if that comes first
// (iterations, epochs).
int64_t total_images(const Config& config);

// "16x16 fading", "16x16 stable".
std::string stage_name(const Fade& fade);

}  // namespace pg
