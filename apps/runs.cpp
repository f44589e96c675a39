// runs.cpp: lists the runs in a folder.
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "apps/print.h"
#include "kernels/error.h"
#include "model/config/format.h"
#include "model/config/schedule.h"
#include "model/run/resume_point.h"
#include "model/run/run_list.h"

namespace pg::apps {
namespace {

struct RunsOptions {
  std::string out = "runs";
  bool json = false;
};

std::string kimg_text(const ListedRun& run) {
  const std::string shown = format_fixed(kimg_of(run.images_shown), 1);
  if (run.total_images == 0) return shown;
  const bool whole = run.total_images % 1000 == 0;
  return message(shown, " of ", format_fixed(kimg_of(run.total_images), whole ? 0 : 1));
}

std::string stage_text(const ListedRun& run) {
  if (run.images_shown == 0) return "-";
  const std::string stage = stage_name(run.fade);
  return run.fade.fading() ? stage + " " + format_fixed(run.fade.alpha, 2) : stage;
}

std::string age_text(const ListedRun& run) {
  const auto seconds = static_cast<double>(std::time(nullptr) - run.changed);
  return run.changed == 0 ? "-" : format_duration(std::max(seconds, 0.0)) + " ago";
}

void print_table(const std::vector<ListedRun>& runs) {
  constexpr const char* kRow = "{:>5}  {:<8}  {:<20}  {:<20}  {:<8}  {:<12}  {}\n";
  print(kRow, "run", "state", "stage", "kimg", "trained", "changed", "folder");
  for (const ListedRun& run : runs) {
    print(kRow, run.number < 0 ? "-" : std::to_string(run.number), state_name(run.state),
          stage_text(run), kimg_text(run), run.seconds > 0 ? format_duration(run.seconds) : "-",
          age_text(run), run.folder.string());
    if (!run.problem.empty()) print("{:>7}{}\n", "", run.problem);
  }
}

nlohmann::ordered_json to_json(const ListedRun& run) {
  return {{"run", run.number},
          {"folder", run.folder.string()},
          {"state", state_name(run.state)},
          {"process", run.process},
          {"resolution", run.fade.resolution},
          {"alpha", run.fade.alpha},
          {"images_shown", run.images_shown},
          {"total_images", run.total_images},
          {"seconds", run.seconds},
          {"changed", run.changed},
          {"problem", run.problem}};
}

void print_runs(const RunsOptions& o, bool given) {
  PG_CHECK(!given || std::filesystem::exists(o.out), UsageError, "cannot find the folder '", o.out,
           "'; give the folder that holds runs, which is --out of train");
  PG_CHECK(!given || std::filesystem::is_directory(o.out), UsageError, "'", o.out,
           "' is a file; give the folder that holds runs, which is --out of train");
  PG_CHECK(!is_run_folder(o.out), UsageError, "'", o.out, "' is a run; progan_cuda info ", o.out,
           " describes it, and progan_cuda runs lists the folder above it");
  const std::vector<ListedRun> runs = list_runs(o.out);
  if (o.json) {
    auto list = nlohmann::ordered_json::array();
    for (const ListedRun& run : runs) list.push_back(to_json(run));
    const auto replace = nlohmann::ordered_json::error_handler_t::replace;
    write_output(list.dump(2, ' ', true, replace) + "\n");
  } else if (runs.empty()) {
    note("no runs in '{}'; progan_cuda train DATA starts one\n", o.out);
  } else {
    print_table(runs);
  }
}

}  // namespace

void add_runs(Command& app) {
  Command* cmd = app.add_subcommand(
      "runs", "List runs, newest first: state, stage, images shown, time trained");
  auto o = std::make_shared<RunsOptions>();
  const Option* out =
      cmd->add_option("-o,--out,OUT", o->out, "folder that holds run folders (default: runs)");
  cmd->add_flag("--json", o->json, "print a JSON list");
  cmd->callback([o, out] { print_runs(*o, out->count() > 0); });
}

}  // namespace pg::apps
