// timelapse.h: the frames of a video that shows how a run learned.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/images/image.h"

namespace pg {

// Which of the moments, given by images shown, lowest first, each frame shows: frame f of n that of
//   log(images) = log(first) + f / (0.9 n) (log(last) - log(first))
// or the last before it. Early stages, which are short, so get as much time as late ones, and the
// last tenth, at least four frames, shows the last moment. A moment at 0 images counts as 4/5 of
// the second.
std::vector<size_t> moments_over_time(const std::vector<int64_t>& images_shown, int64_t frames);

// "160 kimg 32x32"; below 10 kimg with a decimal; without a resolution if that is 0.
std::string moment_label(int64_t images_shown, int64_t resolution);

// An image of a moment, all of the same extents.
struct Moment {
  Image image;
  std::string label;
};

// Frames one after the other, fading over four frames from one moment to the next: each is the mean
// of the images of this frame and the three before it. At most four images are held.
class TimelapseFrames {
 public:
  // Loads the image of a moment; nothing if it cannot be read, and it is skipped.
  using Load = std::function<std::optional<Moment>(size_t moment)>;

  TimelapseFrames(std::vector<size_t> moments, Load load)
      : moments_(std::move(moments)), load_(std::move(load)) {}

  // The next frame; nothing if no moment can be read.
  std::optional<Moment> next();

 private:
  void show(size_t moment);

  std::vector<size_t> moments_;
  Load load_;
  size_t frame_ = 0;
  std::optional<size_t> loaded_;
  // The newest first, with the number of frames that have shown it, at most four in all.
  struct Shown {
    Moment moment;
    int64_t frames = 0;
  };
  std::deque<Shown> shown_;
};

}  // namespace pg
