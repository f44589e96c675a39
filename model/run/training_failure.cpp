// training_failure.cpp: the sentence about a failure.
#include "model/run/training_failure.h"

#include "model/config/schedule.h"

namespace pg {
namespace {

std::string iterations_text(const FailurePlace& p) {
  if (p.last_iteration == 0) return "before the first iteration";
  if (p.first_iteration > p.last_iteration) return message("after iteration ", p.last_iteration);
  const bool one = p.first_iteration == p.last_iteration;
  return one ? message("in iteration ", p.last_iteration)
             : message("in one of the iterations ", p.first_iteration, " to ", p.last_iteration);
}

}  // namespace

TrainingFailure::TrainingFailure(const DeviceError& error, FailurePlace place)
    : DeviceError(error.what()), place_(std::move(place)), happened_(error.what()) {
  const auto* const failure = dynamic_cast<const DeviceFailure*>(&error);
  if (failure == nullptr) return;
  happened_ = failure->happened();
  advice_ = failure->advice();
  kernel_unknown_ = failure->kernel().empty();
}

std::string TrainingFailure::sentence(const std::string& found) const {
  return message("the GPU failed ", iterations_text(place_), " (", stage_name(place_.fade), ", ",
                 kimg_of(place_.images_shown), " kimg): ", happened_,
                 found.empty() ? "" : "; " + found, "; ", ways_on(place_),
                 advice_.empty() ? "" : "; " + advice_);
}

std::string ways_on(const FailurePlace& p) {
  if (p.checkpoint.empty()) return "there is no checkpoint yet, so start the run again";
  return message("the last checkpoint is ", p.checkpoint.string(), " (",
                 kimg_of(p.checkpoint_images), " kimg); to resume: progan_cuda train --resume ",
                 p.resume);
}

}  // namespace pg
