// bench_kernels.cpp: times every kernel at the shapes of the official network at every resolution,
// and compares it with the device's measured peaks and with the libraries' kernels.
//
// Each result is checked before it is timed (check.h). Operands are outside of the caches at each
// launch, except filters, which stay in place and are transformed once (timing.h). On an emulated
// GPU, where times mean nothing, it prints what each kernel asked of the memory instead. --model
// NAME estimates the same calls for a GPU that need not exist (model/speed_model.h).
#include <cstdio>
#include <regex>

#include "bench/model/model_report.h"
#include "bench/program.h"
#include "bench/report.h"
#include "data/files/shown.h"
#include "data/images/resolutions.h"
#include "kernels/error.h"
#include "model/cases/check.h"
#include "model/config/config_names.h"
#include "model/config/numerics.h"

namespace {

using namespace pg;
using namespace pg::bench;

struct Options {
  std::string device = "auto", filter, model;
  std::vector<std::string> kernels, precisions;
  std::vector<int64_t> resolutions;
  std::vector<double> peaks;  // TFLOP/s and GB/s; empty: measured
  int64_t batch = 0, threads = 0, cold_mb = 0;
  double milliseconds = 25;
  bool json = false, list = false;
};

// Fills in missing options, depending on the device.
void complete(Options& o, const DeviceChoice& device) {
  if (o.kernels.empty()) o.kernels = {device.cuda ? "own" : "cpu"};
  if (o.precisions.empty()) {
    o.precisions = {"fp32"};
    if (device.cuda) o.precisions = {"fp32", "tf32", "bf16"};
  }
  if (o.resolutions.empty()) {
    for (int64_t r = 4; r <= (device.cuda ? 1024 : 32); r *= 2) o.resolutions.push_back(r);
  }
  for (const int64_t r : o.resolutions) {
    PG_CHECK(is_resolution(r), UsageError,
             "--resolution: expected a power of two from 4 to 1024, got ", r);
  }
  if (o.cold_mb == 0) o.cold_mb = device.cuda ? 256 : 128;
}

std::vector<Case> select_cases(const Options& o, const DeviceChoice& device, Precision precision) {
  const DType activations = numerics_of(precision).activations;
  std::vector<Case> cases;
  const auto add = [&](const std::vector<Case>& more) {
    const std::regex filter(o.filter);
    for (const Case& c : more) {
      if (std::regex_search(c.name, filter)) cases.push_back(c);
    }
  };
  // Kernels without products are the same in tf32 and fp32.
  const bool repeated = precision == Precision::tf32 && o.precisions.front() == "fp32";
  for (const int64_t r : o.resolutions) {
    const Selection s{r, o.batch > 0 ? o.batch : default_batch(device, r), activations};
    add(conv_cases(s));
    if (r == 4) add(dense_cases(s));
    if (!repeated) add(memory_cases(s));
  }
  if (o.precisions.front() == name_of(precision)) add(optimizer_cases());
  return cases;
}

Measurement measure(Backend& backend, const std::string& kernels, const Case& c,
                    Precision precision, const TimingOptions& timing) {
  Measurement m{.kernels = kernels, .timing = {}, .failure = ""};
  m.tolerance = tolerance_of(c, precision);
  try {
    const bool counts = hardware::device_counts();
    Operands operands(backend, c, counts ? 0 : timing.cold_bytes);
    hardware::take_counters();  // of the copies of operands
    c.run(backend, operands.copy(0));
    backend.synchronize();
    m.counted = hardware::take_counters();
    m.error = error_of(backend, c, operands.copy(0), operands.values());
    if (counts) return m;
    operands.spread();
    m.timing = time_case(backend, c, operands, timing);
  } catch (const DeviceFailure&) {
    throw;  // no other case could run
  } catch (const Error& e) {
    m.failure = e.what();
  }
  return m;
}

// True if all results are correct.
bool run_precision(const Options& o, const DeviceChoice& device, const std::string& name) {
  const Precision precision = parse_precision(name, device);
  const std::vector<Case> cases = select_cases(o, device, precision);
  if (cases.empty()) return true;
  std::vector<std::unique_ptr<Backend>> backends;
  PeakList peaks;
  for (const std::string& kernels : o.kernels) {
    backends.push_back(open_backend(device, kernels, precision, static_cast<int>(o.threads)));
    Backend& backend = *backends.back();
    const Peaks p = !o.peaks.empty()            ? given_peaks(o.peaks)
                    : hardware::device_counts() ? Peaks{}
                                                : measure_peaks(backend, precision, device);
    // After the measurement, when the backend has loaded its libraries and describes them.
    peaks.push_back({kernels, backend.description(), p});
  }
  Report report(o.json ? Format::json : Format::table, name);
  report.head(peaks);
  const TimingOptions timing{.seconds = o.milliseconds * 1e-3, .cold_bytes = o.cold_mb << 20};
  bool ok = true;
  for (const Case& c : cases) {
    std::vector<Measurement> found;
    for (size_t i = 0; i < backends.size(); ++i) {
      found.push_back(measure(*backends[i], o.kernels[i], c, precision, timing));
      ok = ok && found.back().ok();
    }
    report.row(c, found);
  }
  return ok;
}

void check_any(const Options& o, size_t count) {
  PG_CHECK(count > 0, UsageError, "no case matches --filter ", o.filter,
           "; --list prints the names");
}

int run_model(Options o) {
  const DeviceChoice device{.cuda = true, .reason = ""};
  if (o.precisions.empty()) o.precisions = {"bf16", "tf32"};
  complete(o, device);
  const ModelRequest request{.gpu = o.model,
                             .resolutions = o.resolutions,
                             .precisions = o.precisions,
                             .format = o.json ? Format::json : Format::table};
  size_t count = 0;
  for (const std::string& precision : o.precisions) {
    const std::vector<Case> cases = select_cases(o, device, modelled_precision(precision));
    count += cases.size();
    print_case_model(request, precision, cases);
  }
  check_any(o, count);
  return 0;
}

int run(Options o) {
  if (!o.model.empty()) return run_model(o);
  const DeviceChoice device = choose_device(o.device);
  complete(o, device);
  bool ok = true;
  size_t count = 0;
  for (const std::string& precision : o.precisions) {
    const std::vector<Case> cases = select_cases(o, device, parse_precision(precision, device));
    count += cases.size();
    if (o.list) {
      for (const Case& c : cases) std::printf("%-5s %s\n", precision.c_str(), c.name.c_str());
    } else {
      ok = run_precision(o, device, precision) && ok;
    }
  }
  check_any(o, count);
  PG_CHECK(ok, Error, "some results are wrong or missing; see column check");
  return 0;
}

void add_options(apps::Command& app, Options& o) {
  app.add_option("--device", o.device, "auto (a GPU if one is available), cpu, cuda or cuda:I");
  app.add_option(
         "--kernels", o.kernels,
         "kernels to compare: own,vendor,fastest on a GPU (default: own), cpu,direct on the CPU "
         "(default: cpu)")
      ->delimiter(',');
  app.add_option("--precision", o.precisions,
                 "fp32,tf32,bf16 (default: all that the device supports)")
      ->delimiter(',');
  app.add_option("--resolution", o.resolutions,
                 "powers of two from 4 to 1024 (default: all on a GPU, up to 32 on the CPU)")
      ->delimiter(',');
  app.add_option("--batch", o.batch, "images per minibatch (default: as bench_step)");
  app.add_option("--filter", o.filter, "only cases whose name matches this regular expression");
  app.add_option("--milliseconds", o.milliseconds, "minimum measuring time per case (default: 25)");
  app.add_option("--cold-mb", o.cold_mb,
                 "total size of the rotating copies of operands in MiB (default: 256 on a GPU, 128 "
                 "on the CPU)");
  app.add_option("--peaks", o.peaks, "TFLOP/s,GB/s: peaks of the device (default: measured)")
      ->delimiter(',')
      ->expected(2);
  app.add_option("--threads", o.threads, "CPU threads (default: all cores)");
  app.add_option("--model", o.model,
                 "instead of measuring, estimate the time on this GPU, which need not be here: " +
                     joined(modelled_gpus(), " or ") + " (expect +-25 %)");
  app.add_flag("--json", o.json, "print one JSON object per line instead of a table");
  app.add_flag("--list", o.list, "print the names of the cases and exit");
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  apps::Command app("Checks and times every kernel at the shapes of the official network.",
                    "bench_kernels");
  add_options(app, o);
  return run_program(app, argc, argv, [&] { return run(o); });
}
