// repetition.h: repeats the iterations of a run up to one in which its device failed.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>

#include "engine/tensor.h"
#include "model/config/config.h"

namespace pg {

class Dataset;

struct FailedIteration {
  std::filesystem::path checkpoint;  // where the repetition starts; empty: at the start of the run
  int64_t iteration = 0;             // the last one that was started, counted from 1
  int64_t images_shown = 0;          // before it
  uint64_t data_position = 0;
};

// whole: all iterations from the checkpoint on. one: after `limit`, a single iteration of the
// failed one's stage and images, with the weights of that moment.
enum class Repeated { whole, one };

// Runs the iterations, then what a trainer does between them: statistics, sample images, a look at
// the weights. Writes nothing. Since results have the same bits, so has a failure that they cause,
// which is thrown as DeviceFailure; with Launches::checked it names the kernel. `before` is called
// with the number of each iteration. Throws as Course.
Repeated repeat_iterations(Context& context, const Config& config, const Dataset& dataset,
                           const FailedIteration& failed, std::chrono::milliseconds limit,
                           const std::function<void(int64_t)>& before);

}  // namespace pg
