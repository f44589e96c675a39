// latents.h: latents as drawn by the official scripts, for which imported official weights give the
// published images and videos.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace pg {

// The first `count` numbers of numpy.random.RandomState(seed).randn: Mersenne Twister, and the
// polar method of Marsaglia on 53-bit uniform numbers. seed < 2^32.
std::vector<double> numpy_randn(uint32_t seed, int64_t count);

// The latents of the frames of a video that loops, one frame after the other.
class LatentLoop {
 public:
  virtual ~LatentLoop() = default;

  // Those of the next frame: a row for each image.
  virtual std::vector<double> next() = 0;
};

// The table numpy_randn(seed) [frames, row] of the official scripts: each number is smoothed over
// time by a Gaussian of sigma frames, like scipy.ndimage.gaussian_filter with mode="wrap" (cut off
// at 4 sigma), then all are divided by their common root mean square. sigma 0: no smoothing. Memory
// is that of the rows below the Gaussian: the table is drawn twice instead of kept.
class RandomLoop : public LatentLoop {
 public:
  struct Shape {
    int64_t frames = 1, row = 1;  // row: numbers of a frame
    double sigma = 0.0;
    uint32_t seed = 0;
  };
  // between: called between the frames of a first pass, which finds the norm; it may throw.
  explicit RandomLoop(
      const Shape& shape, const std::function<void()>& between = [] {});
  ~RandomLoop() override;

  static double bytes(const Shape& shape);  // of memory

  std::vector<double> next() override;

 private:
  class Rows;
  void restart();
  std::vector<double>& kept_row(int64_t i);
  std::vector<double> smooth();

  Shape shape_;
  std::vector<double> weights_;
  std::unique_ptr<Rows> rows_;
  std::vector<std::vector<double>> window_;
  int64_t frame_ = 0;
  double scale_ = 1.0;
};

// A walk from key to key and back to the first, in equal times, slowing down at each. Cell c of a
// grid starts at key c. At a key, the latents are exactly its own.
class SeedLoop : public LatentLoop {
 public:
  SeedLoop(std::vector<std::vector<double>> keys, int64_t frames, int64_t cells);
  std::vector<double> next() override;

 private:
  std::vector<std::vector<double>> keys_;
  int64_t frames_, cells_, frame_ = 0;
};

// The point at t of 0 .. 1 on the way from a to b, around the origin instead of through it:
// (sin((1 - t) angle) a + sin(t angle) b) / sin(angle).
std::vector<double> on_great_circle(const std::vector<double>& a, const std::vector<double>& b,
                                    double t);

}  // namespace pg
