// gradcheck.cpp: compares gradients of every op and of whole networks with central differences in
// f64; to be run after changing a kernel.
#include <fnmatch.h>

#include <iostream>

#include "apps/commands.h"
#include "apps/option_values.h"
#include "apps/print.h"
#include "engine/gradcheck/report.h"
#include "kernels/error.h"
#include "model/config/suggest.h"
#include "model/device/device_choice.h"
#include "model/networks/gradcheck.h"

namespace pg::apps {
namespace {

using gradcheck::OpCase;

struct GradcheckOptions {
  std::string device = "auto";
  std::vector<std::string> ops, models;
  bool list = false;
};

// The op of that name, else all ops that match `wanted` followed by "*".
std::vector<OpCase> find_ops(const std::string& wanted, const std::vector<OpCase>& all) {
  std::vector<OpCase> exact, found;
  std::vector<std::string> names;
  for (const OpCase& c : all) {
    names.push_back(c.name);
    if (c.name == wanted) exact.push_back(c);
    if (fnmatch((wanted + "*").c_str(), c.name.c_str(), 0) == 0) found.push_back(c);
  }
  if (!exact.empty()) return exact;
  const std::string nearest = nearest_name(wanted, names);
  PG_CHECK(!found.empty(), UsageError, "unknown op '", wanted, "'",
           nearest.empty() ? "; progan_cuda gradcheck --list lists all ops"
                           : ": did you mean '" + nearest + "'?");
  return found;
}

std::vector<OpCase> chosen_ops(const GradcheckOptions& o) {
  const std::vector<OpCase> all = gradcheck::all_op_cases();
  if (o.ops.empty()) return o.models.empty() ? all : std::vector<OpCase>();
  std::vector<OpCase> chosen;
  for (const std::string& wanted : o.ops) {
    const std::vector<OpCase> found = find_ops(wanted, all);
    chosen.insert(chosen.end(), found.begin(), found.end());
  }
  return chosen;
}

std::vector<std::string> chosen_models(const GradcheckOptions& o) {
  if (!o.models.empty() || !o.ops.empty()) return o.models;
  return gradcheck_names();
}

void list_names() {
  for (const OpCase& c : gradcheck::all_op_cases()) print("op       {}\n", c.name);
  for (const std::string& name : gradcheck_names()) print("network  {}\n", name);
}

void check_networks(const std::string& name, const Config& config, Context& context,
                    gradcheck::Report& report) {
  for (const Fade& fade : gradcheck_fades()) {
    GradcheckNetworks networks(context, config, fade);
    const std::string row = name + " " + stage_name(fade);
    report.add_network(row + " D", networks.check(Network::discriminator));
    report.add_network(row + " G", networks.check(Network::generator));
  }
}

void run_gradcheck(const GradcheckOptions& o) {
  const std::vector<OpCase> ops = chosen_ops(o);
  std::vector<std::pair<std::string, Config>> models;
  for (const std::string& name : chosen_models(o))
    models.emplace_back(name, gradcheck_config(name));
  const DeviceChoice device = choose_device(o.device);
  // Tensors are so small that a second thread costs more time than it saves.
  const std::unique_ptr<Backend> backend =
      device.cuda ? open_device(device, 0) : make_cpu_backend(1, CpuPath::direct);
  Context context(*backend);
  gradcheck::Report report(std::cout);
  for (const OpCase& c : ops) report.check_op(c, context);
  for (const auto& [name, config] : models) check_networks(name, config, context, report);
  const std::string where = device.cuda ? message("cuda:", device.index) : "cpu";
  print("\n{}\n", report.verdict(where));
}

}  // namespace

void add_gradcheck(Command& app) {
  Command* cmd = app.add_subcommand(
      "gradcheck",
      "Compare gradients of every op and of whole networks with central differences, in f64");
  auto o = std::make_shared<GradcheckOptions>();
  cmd->add_option("--device", o->device, kDeviceHelp);
  cmd->add_option("--op", o->ops,
                  "only this op, all ops that start with this, or a pattern such as 'Conv*Up'; may "
                  "be repeated")
      ->take_all();
  cmd->add_option("--model", o->models,
                  "only the networks with this name (see --list); may be repeated")
      ->take_all();
  cmd->add_flag("--list", o->list, "list all ops and networks");
  cmd->callback([o] { o->list ? list_names() : run_gradcheck(*o); });
}

}  // namespace pg::apps
