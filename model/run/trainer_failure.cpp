// trainer_failure.cpp: what a run knows when its device fails.
#include "model/run/trainer.h"

namespace pg {

// The iteration may be half done, so no checkpoint can be written; the last one remains.
FailurePlace Trainer::failure_place() const {
  FailurePlace place{.fade = point_.fade,
                     .first_iteration = waited_for_ + 1,
                     .last_iteration = started_,
                     .images_shown = counters_.images_shown,
                     .data_position = counters_.data_position,
                     .run = writer_.run().path(),
                     .log = writer_.run().log_file(),
                     .checkpoint = {},
                     .resume = {},
                     .config = to_toml(config_)};
  try {
    const NewestCheckpoint last = newest_checkpoint(writer_.run());
    place.checkpoint = last.path.value_or(resumed_from_);
    place.resume = last.path ? place.run.string() : resumed_from_.string();
    if (!place.checkpoint.empty()) place.checkpoint_images = checkpoint_images(place.checkpoint);
  } catch (const Error&) {  // the failure of the device is to be reported, not that of a file
    place.checkpoint.clear();
  }
  return place;
}

void Trainer::explain_out_of_memory(const OutOfMemoryError& error) const {
  const int64_t held = context_.step().reserved_bytes() + context_.persistent().reserved_bytes();
  const FailurePlace place = failure_place();
  const std::string last = place.checkpoint.empty()
                               ? std::string()
                               : message("; the last checkpoint is ", place.checkpoint.string(),
                                         " (", kimg_of(place.checkpoint_images), " kimg)");
  throw OutOfMemoryError(
      message("stage ", stage_name(point_.fade), " with minibatch ", point_.minibatch,
              " needs more than the ", held >> 20, " MiB available: ", error.what(), last,
              "; resume with minibatches in smaller parts: progan_cuda train --resume ",
              place.resume.empty() ? place.run.string() : place.resume, " --memory-limit ",
              held >> 20, "MiB (or set schedule.micro_batch)"));
}

}  // namespace pg
