// schedule.h: what to train at a given number of images shown: resolution, fade weight, minibatch,
// learning rates (paper, appendix A.1; the official code's TrainingSchedule).
//
// Image counts are integers and borders of phases fall on whole images, so that a schedule that is
// resumed anywhere gives the same numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/config/config.h"

namespace pg {

enum class Fading { off, on };

// What the networks need to know of the schedule. While `resolution` fades in, images are
// (1 - alpha) * up2(those of resolution / 2) + alpha * those of resolution; alpha is 1 when stable.
struct Stage {
  int64_t resolution = 4;
  Fading fading = Fading::off;
  double alpha = 1.0;
};

struct SchedulePoint {
  double lod = 0.0;  // log2(final resolution / current), falling smoothly during a fade
  int64_t resolution = 4;
  Fading fading = Fading::off;
  double alpha = 1.0;     // in (0, 1) while fading, else 1
  int64_t minibatch = 0;  // images
  double g_learning_rate = 0.0;
  double d_learning_rate = 0.0;
  double tick_kimg = 0.0;

  Stage stage() const { return {resolution, fading, alpha}; }
};

// The images [first, end) shown at one stage.
struct StageSpan {
  int64_t resolution = 4;
  Fading fading = Fading::off;
  int64_t first = 0;
  int64_t end = 0;
};

// Thousands of images as images, rounded.
int64_t images_in(double kimg);
// Images as thousands of images.
inline double kimg_of(int64_t images) { return static_cast<double>(images) / 1000.0; }

// The schedule after `images_shown` images. With i = floor(kimg / (training + transition)) and
// k = kimg - i * (training + transition):
//   lod = max(0, log2(final / initial) - i - max(0, k - training) / transition)
//   resolution = final / 2^floor(lod), alpha = 1 - (lod - floor(lod))
// A fade therefore starts one image after `training` and its resolution is stable from the first
// image of the next phase.
//
// Where schedule.unit is iterations or epochs, every resolution is one stage of stage_length, the
// first fade_length of it fading (never at 4x4 or at the first one). After m of its images, with B
// the minibatch, F the length of the fade and q = max(1, alpha_step B), all in images:
//   alpha = min(1, alpha_start + (floor(m / q) q + alpha_offset B) / F)
// An epoch has data.images images, or floor(data.images / B) B where the last minibatch is dropped.
// Needs model.resolution, and for epochs data.images (see resolve); throws UsageError where it is
// 0.
SchedulePoint schedule_at(const Config& config, int64_t images_shown);

// The lod before the first step: every point of a schedule is a reset after it.
inline constexpr double kNoLod = -1.0;

// True where floor(lod) or ceil(lod) changed: at step 0 and at the start and end of each fade. For
// optimizer.reset = fade_borders.
bool optimizer_resets_between(double previous_lod, double lod);

// The stages up to total_images, in order and without gaps; schedule_at agrees with the span
// that holds its image.
std::vector<StageSpan> stages(const Config& config);

// Images until training ends: schedule.total_kimg, or the end of the last stage where that is
// sooner (iterations, epochs).
int64_t total_images(const Config& config);

// "16x16 fading", "16x16 stable".
std::string stage_name(int64_t resolution, Fading fading);

}  // namespace pg
