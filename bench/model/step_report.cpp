// step_report.cpp: estimates of iterations (bench_step --model).
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/model/model_report.h"
#include "data/files/output.h"
#include "kernels/error.h"
#include "model/config/config_names.h"

namespace pg::bench {
namespace {

using Json = nlohmann::ordered_json;

struct Stages {  // of one resolution
  int64_t resolution = 0;
  std::vector<TimedCall> calls;  // of the stable one
  Totals stable, fading;
  double floor = 0;  // seconds

  bool fades() const { return fading.launches > 0; }
  double hours() const {
    const ScheduledImages images = scheduled_images(resolution);
    const auto n = static_cast<double>(official_minibatch(resolution));
    constexpr double kSecondsPerHour = 3600;
    return (images.stable * stable.seconds + images.fading * fading.seconds) / n / kSecondsPerHour;
  }
};

Stages estimate_stages(const ModelledGpu& gpu, Precision precision, int64_t resolution) {
  Stages s;
  s.resolution = resolution;
  s.calls = estimate_iteration(gpu, precision, {resolution, 1.0});
  s.stable = totals_of(s.calls);
  if (scheduled_images(resolution).fading > 0) {
    s.fading = totals_of(estimate_iteration(gpu, precision, {resolution, 0.5}));
  }
  s.floor = iteration_floor(gpu, precision, resolution);
  return s;
}

double part(const std::map<std::string, double>& all, const char* name) {
  const auto it = all.find(name);
  return it == all.end() ? 0.0 : it->second;
}

void print_head(const ModelRequest& request, const std::string& precision) {
  std::printf(
      "\n%s, model of %s (no measurement: expect +-25 %%, less for two states of the code),\n"
      "official networks and minibatches; ms of an iteration, stable and fading, by family:\n",
      precision.c_str(), request.gpu.c_str());
  std::printf(" res batch launches    fading    stable    floor ratio    hours |");
  for (const char* family : kFamilies) std::printf(" %7s", family);
  std::printf(" | limited by\n");
}

void print_row(const Stages& s) {
  std::printf("%4lld %5lld %8lld ", static_cast<long long>(s.resolution),
              static_cast<long long>(official_minibatch(s.resolution)),
              static_cast<long long>(s.stable.launches));
  if (s.fades()) {
    std::printf("%9.3f", 1e3 * s.fading.seconds);
  } else {
    std::printf("%9s", "-");
  }
  std::printf(" %9.3f %8.3f %5.2f %8.3f |", 1e3 * s.stable.seconds, 1e3 * s.floor,
              s.stable.seconds / s.floor, s.hours());
  for (const char* family : kFamilies) {
    std::printf(" %7.3f", 1e3 * part(s.stable.family, family));
  }
  std::vector<std::pair<double, Bound>> bounds;
  for (const auto& [bound, seconds] : s.stable.bound) bounds.emplace_back(seconds, bound);
  std::sort(bounds.rbegin(), bounds.rend());
  const char* before = " | ";
  for (const auto& [seconds, bound] : bounds) {
    std::printf("%s%s %.2f", before, name_of(bound), 1e3 * seconds);
    before = ", ";
  }
  std::printf("\n");
}

// "conv2d same [4,256,256,64] [64,3,3,64] gate"
std::string text_of(const RecordedCall& c) {
  constexpr const char* kModes[] = {"same", "up", "down"};
  std::string text = c.name;
  if (c.mode) text += std::string(" ") + kModes[static_cast<size_t>(*c.mode)];
  for (const CallOperand& o : c.operands) {
    const bool shown =
        c.mode ? o.name == "x" || o.name == "dy" || o.name == "w" || o.name == "dw" : true;
    text += shown ? message(" ", o.name, " ", pg::name_of(o.dtype), o.shape) : message(" ", o.name);
  }
  return text;
}

// The calls that take longest, those of the same kind together.
void print_longest(const Stages& s, int64_t count) {
  struct Kind {
    double seconds = 0;
    int calls = 0;
    const TimedLaunch* launch = nullptr;  // the longest of the first call
  };
  std::map<std::string, Kind> kinds;
  for (const TimedCall& call : s.calls) {
    Kind& kind = kinds[text_of(call.call)];
    kind.seconds += call.seconds();
    if (++kind.calls > 1) continue;
    for (const TimedLaunch& l : call.launches) {
      if (!kind.launch || l.estimate.seconds > kind.launch->estimate.seconds) kind.launch = &l;
    }
  }
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [text, kind] : kinds) order.emplace_back(kind.seconds, text);
  std::sort(order.rbegin(), order.rend());
  if (static_cast<int64_t>(order.size()) > count) order.resize(static_cast<size_t>(count));
  for (const auto& [seconds, text] : order) {
    const Kind& kind = kinds[text];
    const Estimate& e = kind.launch->estimate;
    std::printf("     %5.1f %% %9.1f us %3d x  %-13s %s\n", 100 * seconds / s.stable.seconds,
                1e6 * seconds, kind.calls, name_of(e.bound), text.c_str());
    std::printf("%30s %s", "", kind.launch->kernel.c_str());
    if (e.waves > 0) {
      std::printf(", %.0f blocks at once, %.2f waves", e.blocks_at_once, e.waves);
    }
    std::printf("\n");
  }
}

void print_json(const ModelRequest& request, const std::string& precision, const Stages& s) {
  Json families = Json::object(), bounds = Json::object();
  for (const char* family : kFamilies) families[family] = part(s.stable.family, family);
  for (const auto& [bound, seconds] : s.stable.bound) bounds[name_of(bound)] = seconds;
  Json line{{"model", request.gpu},           {"precision", precision},
            {"resolution", s.resolution},     {"batch", official_minibatch(s.resolution)},
            {"launches", s.stable.launches},  {"seconds_per_iteration", s.stable.seconds},
            {"floor_seconds", s.floor},       {"share_of_floor", s.floor / s.stable.seconds},
            {"hours_of_schedule", s.hours()}, {"family_seconds", families},
            {"limited_by_seconds", bounds}};
  if (s.fades()) line["seconds_fading"] = s.fading.seconds;
  write_output(line.dump() + "\n");
}

bool whole_schedule(const ModelRequest& request) {
  const std::set<int64_t> wanted(request.resolutions.begin(), request.resolutions.end());
  return wanted == std::set<int64_t>{4, 8, 16, 32, 64, 128, 256, 512, 1024};
}

void print_unknown(const std::set<std::string>& kernels) {
  for (const std::string& kernel : kernels) {
    write_message(message("note: ", kernel,
                          " has no line in the table of machine code (bench/model/",
                          "kernel_table.py): the model takes that of a similar kernel\n"));
  }
}

}  // namespace

Precision modelled_precision(const std::string& name) {
  PG_CHECK(name == "tf32" || name == "bf16", UsageError,
           "--model supports only tf32 and bf16, not ", name);
  return name == "bf16" ? Precision::bf16 : Precision::tf32;
}

void print_step_model(const ModelRequest& request) {
  const ModelledGpu gpu = modelled_gpu(request.gpu);
  std::set<std::string> unknown;
  for (const std::string& precision : request.precisions) {
    const Precision p = modelled_precision(precision);
    open_recorder(gpu, p);  // throws before the head is printed
    if (request.format == Format::table) print_head(request, precision);
    double hours = 0;
    for (const int64_t resolution : request.resolutions) {
      const Stages s = estimate_stages(gpu, p, resolution);
      hours += s.hours();
      unknown.insert(s.stable.unknown.begin(), s.stable.unknown.end());
      unknown.insert(s.fading.unknown.begin(), s.fading.unknown.end());
      if (request.format == Format::json) {
        print_json(request, precision, s);
      } else {
        print_row(s);
        print_longest(s, request.longest);
      }
      finish_output();
    }
    if (request.format == Format::table && whole_schedule(request)) {
      std::printf("official schedule, 12,000 kimg: %.2f hours\n", hours);
    }
  }
  print_unknown(unknown);
}

}  // namespace pg::bench
