// child.cpp: runs checks and turns exceptions into results.
#include "model/selftest/child.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>

#include "kernels/error.h"
#include "kernels/gpu.h"
#include "model/selftest/check.h"

namespace pg::selftest {
namespace {

using nlohmann::json;

struct Result {
  const char* verdict;
  double error = 0, bound = 0;
  std::string detail{};
  bool device_is_usable = true;
};

Result run(const Check& check, Machine& machine) {
  try {
    const Deviation d = check.run(machine);
    // JSON has no infinity.
    const double error = std::min(d.error, std::numeric_limits<double>::max());
    return {.verdict = d.ok() ? "passed" : "failed",
            .error = error,
            .bound = d.tolerance,
            .detail = complaint(d)};
  } catch (const OutOfMemoryError& e) {
    return {.verdict = "skipped", .detail = e.what()};
  } catch (const DeviceFailure& e) {
    return {.verdict = "failed", .detail = e.happened(), .device_is_usable = !machine.is_gpu()};
  } catch (const DeviceError& e) {
    return {.verdict = "failed", .detail = e.what(), .device_is_usable = !machine.is_gpu()};
  } catch (const Error& e) {
    return {.verdict = "failed", .detail = e.what()};
  }
}

std::string describe(Machine& machine) {
  if (!machine.is_gpu()) return machine.exact().description();
  return gpu_details(machine.device().index).text();
}

}  // namespace

double most_work() {
  const char* const text = std::getenv("PROGAN_SELFTEST_WORK");
  return text == nullptr ? INFINITY : std::strtod(text, nullptr);
}

Checks all_checks(Machine& machine) {
  Checks list;
  add_kernel_checks(list, machine);
  add_candidate_checks(list, machine);
  add_op_checks(list);
  add_training_checks(list, machine);
  add_memory_checks(list, machine);
  return list;
}

void run_child(const ChildJob& job, const std::function<void(const std::string&)>& line) {
  Machine machine(choose_device(job.device), job.left_out);
  const Checks list = all_checks(machine);
  const double work = most_work();
  const auto is_wanted = [&](const Check& c) { return c.quick || job.extent == Extent::full; };
  const auto fits = [&](const Check& c) { return c.work <= work; };
  // After a crash or a hang, what has failed needs no more evidence.
  const auto is_skipped = [&](const Check& c) {
    const bool failed = !c.family.empty() && job.left_out.contains(c.family);
    return failed || std::ranges::count(job.without, c.group) > 0;
  };
  const auto count = [&](auto condition) { return std::ranges::count_if(list, condition); };
  line(json{{"device", describe(machine)},
            {"checks", count(is_wanted)},
            {"too_large", count([&](const Check& c) { return is_wanted(c) && !fits(c); })}}
           .dump());
  for (size_t i = static_cast<size_t>(job.first); i < list.size(); ++i) {
    const Check& c = list[i];
    if (!is_wanted(c) || !fits(c)) continue;
    line(json{{"start", i}, {"group", c.group}, {"name", c.name}, {"family", c.family.text()}}
             .dump());
    const Result r = is_skipped(c) ? Result{.verdict = "skipped",
                                            .detail = "an earlier check of this kind did not end"}
                                   : run(c, machine);
    if (std::string_view(r.verdict) == "failed") machine.leave_out(c.family);
    line(json{{"end", i},
              {"verdict", r.verdict},
              {"error", r.error},
              {"bound", r.bound},
              {"detail", r.detail}}
             .dump());
    if (!r.device_is_usable) return;
  }
  line(json{{"done", true}}.dump());
}

}  // namespace pg::selftest
