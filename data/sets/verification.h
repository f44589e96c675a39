// verification.h: checksums of a data set, verified when a run starts and while it trains.
//
// Levels are verified in the order in which the run needs them: at once as far as that takes about
// a second, the others in a background thread. Bytes that change on the disk later are not noticed.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "data/sets/dataset.h"

namespace pg {

// Bytes verified before training starts.
inline constexpr int64_t kVerifiedAtOnce = int64_t{1} << 30;

// Levels (resolutions) in the order of need: the first ones, of at most `most_bytes` together, and
// the others.
struct NeededLevels {
  std::vector<int64_t> now, later;
};
NeededLevels split_levels(const Dataset& dataset, const std::vector<int64_t>& levels,
                          int64_t most_bytes = kVerifiedAtOnce);

// A thread of lowest priority that verifies levels. If one is damaged, `damaged` is called with the
// sentence, and from then on Dataset::read_image throws it.
class BackgroundVerification {
 public:
  // `dataset` outlives this.
  BackgroundVerification(const Dataset& dataset, std::vector<int64_t> levels,
                         std::function<void(const std::string&)> damaged);
  ~BackgroundVerification();  // stops early
  BackgroundVerification(const BackgroundVerification&) = delete;
  BackgroundVerification& operator=(const BackgroundVerification&) = delete;

  bool done() const { return done_; }  // everything was verified, without finding damage

 private:
  void run();

  const Dataset& dataset_;
  std::vector<int64_t> levels_;
  std::function<void(const std::string&)> damaged_;
  std::atomic<bool> stop_ = false, done_ = false;
  std::thread thread_;  // last: everything above exists when it starts
};

}  // namespace pg
