// failed_training.cpp: the child process that repeats iterations, and its parent.
#include "apps/failed_training.h"

#include <spdlog/spdlog.h>

#include <string_view>

#include "apps/commands.h"
#include "apps/print.h"
#include "apps/run_options.h"
#include "apps/stop_signals.h"
#include "apps/train_data.h"
#include "data/files/child_process.h"
#include "data/files/output.h"
#include "data/sets/identity.h"
#include "kernels/gpu.h"
#include "model/run/log.h"
#include "model/run/repetition.h"

namespace pg::apps {
namespace {

using Milliseconds = std::chrono::milliseconds;
constexpr Milliseconds kLimit(60000);      // of the child
constexpr Milliseconds kRepeating(40000);  // of whole repetitions, within the limit
constexpr const char* kCommand = "repeat-iterations";
// Lines of the child: ITERATION NUMBER, KERNEL NAME, or how much ran without a failure.
constexpr std::string_view kIteration = "iteration ", kKernel = "kernel ", kWhole = "whole",
                           kOne = "one";

struct RepeatOptions {
  std::string config, device;
  FailedIteration failed;
  int64_t limit = 0;  // ms
};

std::vector<std::string> arguments_of(const FailurePlace& p, const DeviceChoice& device) {
  return {kCommand,
          "--config-text=" + p.config,
          "--checkpoint=" + p.checkpoint.string(),
          message("--device=cuda:", device.index),
          message("--iteration=", p.last_iteration),
          message("--images=", p.images_shown),
          message("--position=", p.data_position),
          message("--limit=", kRepeating.count())};
}

std::string remainder(const std::string& line, std::string_view start) {
  return line.starts_with(start) ? line.substr(start.size()) : "";
}

std::string not_again(const std::string& what) {
  return message("it did not happen again when ", what,
                 ", so the hardware is a likely reason (memory errors, power, overclocking)");
}

// The findings of the child; empty if the GPU does not answer there either.
std::string repeat(const FailurePlace& place, const DeviceChoice& device) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + kLimit;
  ChildProcess child(own_program(), arguments_of(place, device));
  std::string iteration;
  for (;;) {
    const auto left = std::chrono::duration_cast<Milliseconds>(end - Clock::now());
    const ChildProcess::Reading reading =
        child.next(std::max(left, Milliseconds(0)), [] { return StopSignals::requested().load(); });
    if (reading.event != ChildProcess::Event::line) return "";
    if (reading.line == kWhole) return not_again("all iterations since then were repeated");
    if (reading.line == kOne) return not_again("an iteration of this stage was repeated");
    const std::string kernel = remainder(reading.line, kKernel);
    if (!kernel.empty()) {
      return message("a repetition failed in the kernel ", kernel,
                     iteration.empty() ? "" : ", in iteration " + iteration);
    }
    const std::string next = remainder(reading.line, kIteration);
    if (!next.empty()) iteration = next;
  }
}

// For the child: one line at once, as the next one may never come.
void tell(std::string_view line) {
  write_output(message(line, "\n"));
  finish_output();
}

void repeat_here(const RepeatOptions& o) {
  end_with_parent();
  const Config config = config_from_toml(o.config, "--config-text");
  const std::unique_ptr<Backend> backend = open_device(
      choose_device(o.device), config.train.threads, config.train.precision, config.train.kernels,
      {.left_out = TensorKernels::parse(config.train.left_out).value_or(TensorKernels()),
       .launches = Launches::checked});
  Dataset dataset = open_or_build(data_place(config.data), data_options(config));
  dataset.order_classes(split_class_list(config.data.classes));
  Context context(*backend);
  try {
    const Repeated repeated =
        repeat_iterations(context, config, dataset, o.failed, Milliseconds(o.limit),
                          [](int64_t iteration) { tell(message(kIteration, iteration)); });
    tell(repeated == Repeated::whole ? kWhole : kOne);
  } catch (const DeviceFailure& failure) {
    if (!failure.kernel().empty()) tell(message(kKernel, failure.kernel()));
    throw;
  }
}

}  // namespace

void log_failure(const std::filesystem::path& log, const std::string& sentence) {
  try {
    make_logger(log, {})->error("{}", sentence);
  } catch (const Error&) {  // the sentence is on the console
  }
}

void report_failure(const TrainingFailure& failure, const DeviceChoice& device) {
  std::string found;
  if (failure.kernel_unknown() && device.cuda && !StopSignals::requested()) {
    give_up_gpu();
    note(
        "the GPU failed; repeating the iteration to find the kernel, at most {} s (Ctrl-C skips "
        "this)\n",
        kLimit.count() / 1000);
    try {
      found = repeat(failure.place(), device);
    } catch (const Error&) {  // no child could be started: the failure itself is to be reported
    }
  }
  const std::string sentence = failure.sentence(found);
  log_failure(failure.place().log, sentence);
  throw DeviceError(sentence);
}

void add_repeat(Command& app) {
  Command* cmd = app.add_subcommand(kCommand, "");
  cmd->group("");  // hidden
  auto o = std::make_shared<RepeatOptions>();
  cmd->add_option("--config-text", o->config)->required();
  cmd->add_option("--checkpoint", o->failed.checkpoint);
  cmd->add_option("--device", o->device)->required();
  cmd->add_option("--iteration", o->failed.iteration)->required();
  cmd->add_option("--images", o->failed.images_shown)->required();
  cmd->add_option("--position", o->failed.data_position)->required();
  cmd->add_option("--limit", o->limit)->required();
  cmd->callback([o] { repeat_here(*o); });
}

}  // namespace pg::apps
