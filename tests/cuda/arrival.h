// arrival.h: where training arrives, and how far apart runs arrive that differ by chance alone.
//
// Training is chaotic. Runs that differ in one rounding have nothing except their statistics in
// common after some hundred iterations, and these differ from run to run, too. One run of a GPU
// that is compared with one run of the CPU shows nothing, and runs perturbed by less than the GPU
// rounds are too much alike to be a yardstick. So every run starts from weights perturbed at random
// by more than any precision rounds. Rounding then adds nothing to the spread: a run of a GPU is
// one more draw from the distribution of the CPU's runs.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/cuda/training_cases.h"

namespace pg::test {

struct Statistic {
  std::string name;
  double value = 0.0;
};

// Statistics of one run, the same ones in the same order for every run of a configuration.
using Arrival = std::vector<Statistic>;

// 200 iterations of a SmallRun: 4x4, fading to 8x8, 8x8. Each initial weight is multiplied by
// 1 + u, u uniform in +-2^-7 (bf16 rounds by at most 2^-9); runs with different numbers have
// independent u. Of the last quarter: means of scores, penalty, losses and norms of gradients. Of
// the state at the end, for each parameter: the root mean square of its gradients, as Adam sees
// them, and of how far it and its EMA have moved.
Arrival arrive(Backend& backend, const Config& config, int run, double learning_rate = 1e-3);

// The statistic in which some runs look least like the yardstick's.
struct Verdict {
  std::string name;
  double false_alarm = 1.0;                   // see Yardstick
  double mean = 0, expected = 0, spread = 0;  // of the runs; of the yardstick's, with its deviation
};
std::ostream& operator<<(std::ostream& out, const Verdict& v);

// K runs that others are compared with, by Wilcoxon's rank-sum test: for each statistic, it counts
// the pairs of one of M runs and one of the K in which the former is larger. The counts that runs
// of the same distribution yield are known exactly, whatever the distribution (those of training
// have heavy tails), and depend on K and M alone.
class Yardstick {
 public:
  explicit Yardstick(std::vector<Arrival> runs) : runs_(std::move(runs)) {}

  // Verdict::false_alarm: at most this often does any statistic of M runs of the yardstick's own
  // distribution give a count as small or as large as the least likely one. It is the probability
  // of that count times the number of statistics; 0 for a statistic that is not finite.
  Verdict compare(std::span<const Arrival> runs) const;

 private:
  std::vector<Arrival> runs_;
};

// The probability that independent runs give a count of at most `count` pairs, for each count from
// 0 to k m.
std::vector<double> rank_sum_distribution(size_t k, size_t m);

}  // namespace pg::test
