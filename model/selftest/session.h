// session.h: a selftest in child processes: a check that crashes or hangs is a result, not an end.
#pragma once

#include <functional>
#include <string>

#include "model/selftest/child.h"
#include "model/selftest/outcome.h"

namespace pg::selftest {

struct Session {
  std::string device = "auto";
  Extent extent = Extent::full;
  // Ends at the first failure that nothing can make up for.
  bool stops_at_exact_failure = false;
  std::function<void(const Outcome&)> on_outcome{};
  std::function<bool()> stop{};  // asked several times per second
};

// Runs all checks. A child that does not report within the time limit of a check is killed; another
// one runs the checks after it, except for those of the same group. Throws DeviceError if the
// device cannot be opened, Error if stop() returned true.
Report run_session(const Session& session);

// The options by which a program that calls run_session must run run_child.
std::vector<std::string> child_arguments(const ChildJob& job);
inline constexpr const char* kChildOption = "--child";

}  // namespace pg::selftest
