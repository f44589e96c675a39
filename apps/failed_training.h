// failed_training.h: after a device failed during training: which kernel it was, and the message.
#pragma once

#include "apps/command_line/command.h"
#include "model/device/device_choice.h"
#include "model/run/training_failure.h"

namespace pg::apps {

// Repeats the iteration in a child process, at most a minute, unless the kernel is known already or
// a stop is requested. Writes the sentence about the failure to log.txt and throws it as
// DeviceError. Nothing of this process may use the device any more.
[[noreturn]] void report_failure(const TrainingFailure& failure, const DeviceChoice& device);

// Adds an error to log.txt, if that can be written.
void log_failure(const std::filesystem::path& log, const std::string& sentence);

// The command of the child process; it is not listed in --help.
void add_repeat(Command& app);

}  // namespace pg::apps
