// shorthands.cpp: each shorthand as assignments of settings.
#include "apps/shorthands.h"

#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg::apps {
namespace {

bool is_one_of(const std::string& text, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (text == word) return true;
  }
  return false;
}

// The assignments in the order in which they apply.
std::vector<std::string> assignments_of(const Shorthands& s) {
  std::vector<std::string> all;
  if (s.batch > 0) {
    all = {"schedule.minibatch={}", message("schedule.minibatch_base=", s.batch),
           "schedule.max_minibatch=0"};
  }
  if (!s.mirror.empty()) {
    const bool on = is_one_of(s.mirror, {"true", "1", "on", "yes"});
    PG_CHECK(on || is_one_of(s.mirror, {"false", "0", "off", "no"}), UsageError,
             "--mirror: expected no value, =true or =false, got '", shown(s.mirror), "'");
    all.push_back(on ? "data.mirror=true" : "data.mirror=false");
  }
  if (!s.cond.empty()) {
    std::string kind = s.cond;
    if (is_one_of(kind, {"true", "1", "on", "yes"})) kind = "acgan";
    if (is_one_of(kind, {"false", "0", "off", "no"})) kind = "none";
    PG_CHECK(is_one_of(kind, {"acgan", "projection", "none"}), UsageError,
             "--cond: expected no value, =acgan, =projection or =none, got '", shown(s.cond), "'");
    all.push_back("model.conditioning=" + kind);
  }
  return all;
}

// Throws UsageError for a key that --set gives another value than the option `name`.
void check_agreement(const std::string& name, const std::string& own,
                     const std::vector<std::string>& assignments) {
  const std::string key = own.substr(0, own.find('=') + 1);
  for (const std::string& other : assignments) {
    PG_CHECK(!other.starts_with(key) || other == own, UsageError, name, " and --set ", shown(other),
             " contradict each other; drop one of them");
  }
}

void choose_gpus(int64_t gpus, std::string& device) {
  if (gpus < 0) return;
  PG_CHECK(gpus <= 1, UsageError, "--gpus ", gpus,
           ": a run cannot use more than one GPU yet; start one run per GPU, each with its own "
           "--device cuda:I");
  const bool fits = device.empty() || device == "auto" || device.starts_with("cuda") == (gpus == 1);
  PG_CHECK(fits, UsageError, "--gpus ", gpus, " and --device ", shown(device),
           " contradict each other; drop one of them");
  if (device.empty() || device == "auto") device = gpus == 1 ? "cuda" : "cpu";
}

}  // namespace

void add_shorthands(Command& command, Shorthands& s, std::vector<std::string>& assignments,
                    std::string& device) {
  command
      .add_option("--batch", s.batch,
                  "images per minibatch, the same at every resolution: schedule.minibatch_base, "
                  "with an empty schedule.minibatch (default: those of the preset)")
      ->check(Range(1, 65536));
  command.add_flag("--mirror{true}", s.mirror,
                   "mirror images left to right with probability 1/2: data.mirror=true");
  command.add_flag("--cond{acgan}", s.cond,
                   "train on the classes of the data: model.conditioning=acgan; "
                   "--cond=projection for the other kind");
  command
      .add_option("--gpus", s.gpus,
                  "0: train on the CPU, 1: on a GPU; more are not supported yet (default: 1 if "
                  "one is available, else 0)")
      ->check(Range(0, 1024));
  command.parse_complete_callback([&s, &assignments, &device] {
    const std::vector<std::string> own = assignments_of(s);
    for (const std::string& assignment : own) {
      // --batch does not contradict a limit of the minibatch.
      if (assignment.starts_with("schedule.minibatch"))
        check_agreement("--batch", assignment, assignments);
      if (assignment.starts_with("data.mirror"))
        check_agreement("--mirror", assignment, assignments);
      if (assignment.starts_with("model.cond")) check_agreement("--cond", assignment, assignments);
    }
    assignments.insert(assignments.begin(), own.begin(), own.end());
    choose_gpus(s.gpus, device);
  });
}

}  // namespace pg::apps
