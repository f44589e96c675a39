// selftest.cpp: checks every kernel of this program on this machine, in a page.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/commands.h"
#include "apps/option_values.h"
#include "apps/outputs.h"
#include "apps/print.h"
#include "data/files/atomic_file.h"
#include "data/files/child_process.h"
#include "data/files/output.h"
#include "kernels/error.h"
#include "model/config/version.h"
#include "model/selftest/session.h"
#include "model/selftest/trust.h"

namespace pg::apps {
namespace {

using selftest::Outcome;
using selftest::Report;
using selftest::Verdict;

struct SelftestOptions {
  std::string device = "auto", json, left_out;
  bool quick = false;
  Force force = Force::no;
  // Of the child process.
  int64_t child = -1;
  std::vector<std::string> without;

  selftest::Extent extent() const {
    return quick ? selftest::Extent::quick : selftest::Extent::full;
  }
};

const char* word_of(Verdict verdict) {
  const char* const words[] = {"passed", "failed", "skipped"};
  return words[static_cast<int>(verdict)];
}

// One line of the page: the checks of a group.
struct Group {
  int64_t checks = 0, failed = 0, skipped = 0;
  double share = 0;  // the largest error, in parts of its bound

  void add(const Outcome& o) {
    ++checks;
    failed += o.verdict == Verdict::failed ? 1 : 0;
    skipped += o.verdict == Verdict::skipped ? 1 : 0;
    if (o.verdict == Verdict::passed && o.bound > 0) share = std::max(share, o.error / o.bound);
  }

  std::string result() const {
    if (failed > 0) return message("FAILED: ", failed);
    if (skipped == checks) return "skipped";
    const std::string ok = skipped > 0 ? message("ok, ", skipped, " skipped") : "ok";
    return share > 0 ? fmt::format("{}, largest error {:.2g} of its bound", ok, share)
                     : message(ok, ", exact");
  }
};

void print_groups(const Report& report) {
  std::vector<std::string> order;
  std::map<std::string, Group> groups;
  for (const Outcome& o : report.list) {
    if (groups.count(o.group) == 0) order.push_back(o.group);
    groups[o.group].add(o);
  }
  for (const std::string& name : order) {
    const Group& g = groups[name];
    print("{:<42} {:>4}  {}\n", name, g.checks, g.result());
  }
}

// The first failures in full; a broken kernel may have hundreds.
void print_failures(const Report& report) {
  constexpr int kMost = 20;
  int count = 0;
  for (const Outcome& o : report.list) {
    if (o.verdict != Verdict::failed) continue;
    if (++count <= kMost) print("FAILED  {}\n        {}\n", o.name, o.detail);
  }
  if (count > kMost) print("and {} more, which --json lists\n", count - kMost);
}

void write_json(const OutputFile& file, const Report& report) {
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  for (const Outcome& o : report.list) {
    checks.push_back({{"group", o.group},
                      {"name", o.name},
                      {"verdict", word_of(o.verdict)},
                      {"error", o.error},
                      {"bound", o.bound},
                      {"family", o.family.text()},
                      {"detail", o.detail}});
  }
  const nlohmann::ordered_json all = {{"progan_cuda selftest", kProgramVersion},
                                      {"device", report.device},
                                      {"passed", report.passed()},
                                      {"complete", report.complete},
                                      {"seconds", report.seconds},
                                      {"left_out", report.failed_families().text()},
                                      {"checks", checks}};
  AtomicFile out(file.path());
  out.write(all.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  out.commit();
}

// Training uses what a GPU has shown.
void remember(const DeviceChoice& device, const Report& report) {
  if (!device.cuda || !report.complete || !report.failed_exact().empty()) return;
  selftest::remember(gpu_details(device.index), selftest::trust_of(report));
}

void conclude(const DeviceChoice& device, const Report& report) {
  const int64_t failed = report.count(Verdict::failed);
  const std::string families = report.failed_families().text();
  if (!families.empty() && report.failed_exact().empty()) {
    print("train skips {} on this GPU: slower, but correct\n", families);
  }
  if (report.too_large > 0) {
    print("{} checks were skipped: larger than PROGAN_SELFTEST_WORK\n", report.too_large);
  }
  PG_CHECK(failed == 0, Error, failed, " of ", report.list.size(),
           " checks failed; please report the lines above, which name them",
           device.cuda ? "; first rule out overclocking, heat and an old driver" : "");
  PG_CHECK(report.complete, Error, "the selftest did not end; please report the lines above");
  print("{} checks passed in {:.1f} s\n", report.count(Verdict::passed), report.seconds);
}

void run_selftest(const SelftestOptions& o) {
  std::optional<OutputFile> file;
  if (!o.json.empty()) file.emplace("--json", o.json, kReportFile, o.force);
  const DeviceChoice device = choose_device(o.device);
  const std::string name = device.cuda ? message("cuda:", device.index) : "cpu";
  const Report report = selftest::run_session({.device = name, .extent = o.extent()});
  print("progan_cuda {}, selftest of {}: {}\n", kProgramVersion, name, report.device);
  print_groups(report);
  print_failures(report);
  remember(device, report);
  if (file) write_json(*file, report);
  conclude(device, report);
}

// The parent reads lines as they come.
void run_child(const SelftestOptions& o) {
  end_with_parent();
  selftest::run_child({.device = o.device,
                       .extent = o.extent(),
                       .first = o.child,
                       .left_out = TensorKernels::parse(o.left_out).value_or(TensorKernels()),
                       .without = o.without},
                      [](const std::string& line) {
                        print("{}\n", line);
                        finish_output();
                      });
}

}  // namespace

void add_selftest(Command& app) {
  Command* cmd =
      app.add_subcommand("selftest", "Check every kernel of this program on this machine");
  auto o = std::make_shared<SelftestOptions>();
  cmd->add_option("--device", o->device, kDeviceHelp);
  cmd->add_flag("--quick", o->quick, "only small checks, as the first training on a GPU does");
  cmd->add_option("--json", o->json, "file to write as well: every check with its error and bound");
  add_force(*cmd, o->force);
  cmd->add_option(selftest::kChildOption, o->child)->group("");
  cmd->add_option("--left-out", o->left_out)->group("");
  cmd->add_option("--without", o->without)->take_all()->group("");
  cmd->callback([o] { o->child < 0 ? run_selftest(*o) : run_child(*o); });
}

}  // namespace pg::apps
