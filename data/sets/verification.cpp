// verification.cpp: level by level.
#include "data/sets/verification.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "kernels/error.h"

namespace pg {
namespace {

struct Stopped {};

// On Linux, a nice value belongs to a thread.
void lower_priority() {
  [[maybe_unused]] const int ignored =
      ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 19);
}

}  // namespace

NeededLevels split_levels(const Dataset& dataset, const std::vector<int64_t>& levels,
                          int64_t most_bytes) {
  NeededLevels needed;
  for (const int64_t level : levels) {
    most_bytes -= dataset.level_bytes(level);
    const bool fits = most_bytes >= 0 && needed.later.empty();
    (fits ? needed.now : needed.later).push_back(level);
  }
  return needed;
}

BackgroundVerification::BackgroundVerification(const Dataset& dataset, std::vector<int64_t> levels,
                                               std::function<void(const std::string&)> damaged)
    : dataset_(dataset), levels_(std::move(levels)), damaged_(std::move(damaged)) {
  thread_ = std::thread([this] { run(); });
}

BackgroundVerification::~BackgroundVerification() {
  stop_ = true;
  thread_.join();
}

void BackgroundVerification::run() {
  lower_priority();
  try {
    for (const int64_t level : levels_) {
      dataset_.verify_level(level, [&] {
        if (stop_) throw Stopped();
      });
    }
    done_ = true;
  } catch (const Stopped&) {
  } catch (const IoError&) {  // training meets it, too, and can write a checkpoint then
  } catch (const FormatError& error) {
    dataset_.set_damaged(error.what());
    if (damaged_) damaged_(error.what());
  }
}

}  // namespace pg
