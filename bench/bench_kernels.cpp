// bench_kernels.cpp: time of every kernel at the shapes of every resolution of the official
// network, beside what the device reaches at best, and our kernels beside the libraries'.
//
// A result is checked before it is timed (check.h). Launches find their operands outside of the
// caches, but filters stay where they are, transformed once (timing.h).
#include <CLI/CLI.hpp>
#include <cstdio>
#include <regex>

#include "bench/check.h"
#include "bench/report.h"

namespace {

using namespace pg;
using namespace pg::bench;

struct Options {
  std::string device = "auto", filter;
  std::vector<std::string> kernels, precisions;
  std::vector<int64_t> resolutions;
  std::vector<double> peaks;  // TFLOP/s and GB/s; empty: measured
  int64_t batch = 0, threads = 0, cold_mb = 0;
  double milliseconds = 25;
  bool json = false, list = false;
};

// What was not given depends on the device.
void complete(Options& o, const Device& device) {
  if (o.kernels.empty()) o.kernels = {device.cuda ? "own" : "cpu"};
  if (o.precisions.empty()) {
    o.precisions = {"fp32"};
    if (device.cuda) o.precisions = {"fp32", "tf32", "bf16"};
  }
  if (o.resolutions.empty()) {
    for (int64_t r = 4; r <= (device.cuda ? 1024 : 32); r *= 2) o.resolutions.push_back(r);
  }
  for (const int64_t r : o.resolutions) {
    PG_CHECK(r >= 4 && r <= 1024 && (r & (r - 1)) == 0, UsageError, "--resolution ", r,
             " must be a power of two from 4 to 1024");
  }
  if (o.cold_mb == 0) o.cold_mb = device.cuda ? 256 : 128;
}

std::vector<Case> select_cases(const Options& o, const Device& device, Precision precision) {
  const DType activations = precision == Precision::bf16 ? DType::bf16 : DType::f32;
  std::vector<Case> cases;
  const auto add = [&](const std::vector<Case>& more) {
    const std::regex filter(o.filter);
    for (const Case& c : more) {
      if (std::regex_search(c.name, filter)) cases.push_back(c);
    }
  };
  // f32 memory traffic is the same whatever the products are made of.
  const bool repeated = precision == Precision::tf32 && o.precisions.front() == "fp32";
  for (const int64_t r : o.resolutions) {
    const Selection s{r, o.batch > 0 ? o.batch : default_batch(device, r), activations};
    add(conv_cases(s));
    if (r == 4) add(dense_cases(s));
    if (!repeated) add(memory_cases(s));
  }
  if (o.precisions.front() == bench::name_of(precision)) add(optimizer_cases());
  return cases;
}

Measurement measure(Backend& backend, const std::string& kernels, const Case& c,
                    Precision precision, const TimingOptions& timing) {
  Measurement m{.kernels = kernels, .timing = {}, .failure = ""};
  m.tolerance = tolerance_of(c, precision);
  try {
    Operands operands(backend, c, timing.cold_bytes);
    c.run(backend, operands.copy(0));
    m.error = error_of(backend, c, operands.copy(0), operands.values());
    operands.spread();
    m.timing = time_case(backend, c, operands, timing);
  } catch (const Error& e) {
    m.failure = e.what();
  }
  return m;
}

// True if every result was right.
bool run_precision(const Options& o, const Device& device, const std::string& name) {
  const Precision precision = parse_precision(name, device);
  const std::vector<Case> cases = select_cases(o, device, precision);
  if (cases.empty()) return true;
  std::vector<std::unique_ptr<Backend>> backends;
  PeakList peaks;
  for (const std::string& kernels : o.kernels) {
    backends.push_back(open_backend(device, kernels, precision, static_cast<int>(o.threads)));
    Backend& backend = *backends.back();
    const Peaks p =
        o.peaks.empty() ? measure_peaks(backend, precision, device) : given_peaks(o.peaks);
    // Afterwards, so that a backend that loads libraries names them.
    peaks.push_back({kernels, backend.description(), p});
  }
  Report report(o.json ? Format::json : Format::table, name);
  report.peaks(peaks);
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

int run(Options o) {
  const Device device = choose_device(o.device);
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
  PG_CHECK(count > 0, UsageError, "no case has a name that matches --filter ", o.filter,
           "; --list shows the names");
  if (!ok) std::fprintf(stderr, "bench_kernels: a result was wrong or missing (column check)\n");
  return ok ? 0 : 1;
}

void add_options(CLI::App& app, Options& o) {
  app.add_option("--device", o.device, "auto (a GPU where one answers), cpu, cuda or cuda:I");
  app.add_option("--kernels", o.kernels, "own,vendor,fastest on a GPU; cpu,direct on the CPU")
      ->delimiter(',');
  app.add_option("--precision", o.precisions, "fp32,tf32,bf16 (default: all that the device has)")
      ->delimiter(',');
  app.add_option("--resolution", o.resolutions,
                 "4 to 1024 (default: all on a GPU, up to 32 on the CPU)")
      ->delimiter(',');
  app.add_option("--batch", o.batch, "images in a minibatch (0: as bench_step)");
  app.add_option("--filter", o.filter, "only cases whose name matches this regular expression");
  app.add_option("--milliseconds", o.milliseconds, "time each case for at least this long");
  app.add_option("--cold-mb", o.cold_mb, "what the copies of moving operands occupy together");
  app.add_option("--peaks", o.peaks, "TFLOP/s,GB/s that shares refer to (default: measured)")
      ->delimiter(',')
      ->expected(2);
  app.add_option("--threads", o.threads, "compute threads of the CPU (0: all cores)");
  app.add_flag("--json", o.json, "one JSON object a line instead of a table");
  app.add_flag("--list", o.list, "print the names of the cases and end");
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Time of each kernel at the shapes of the official network, with checks.");
  add_options(app, o);
  CLI11_PARSE(app, argc, argv);
  try {
    return run(o);
  } catch (const UsageError& e) {
    std::fprintf(stderr, "bench_kernels: %s\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_kernels: %s\n", e.what());
    return 1;
  }
}
