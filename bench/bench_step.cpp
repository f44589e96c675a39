// bench_step.cpp: images per second of whole training iterations (one D and one G update with
// gradient penalty, Adam and EMA) at each resolution, with the share of each kernel and peak
// memory.
//
// Every resolution runs in its own process, which gives its peak memory. A sample is one iteration
// on the CPU; on a GPU it is as many as take 0.2 s, queued without waiting and replayed from a
// captured graph. Times are medians over samples. The shares of kernels come from separate
// iterations that wait after each kernel. The losses must be finite.
//
// --model NAME estimates the same iterations for a GPU that need not exist (model/speed_model.h).
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench/backends.h"
#include "bench/floor.h"
#include "bench/model/model_report.h"
#include "bench/program.h"
#include "bench/timing_backend.h"
#include "data/files/output.h"
#include "data/files/shown.h"
#include "data/images/resolutions.h"
#include "kernels/error.h"
#include "model/config/config_names.h"
#include "model/config/numerics.h"
#include "model/training/gan.h"

namespace {

using namespace pg;
using namespace pg::bench;

constexpr const char* kName = "bench_step";

struct Options {
  std::vector<int64_t> resolutions;
  std::string device = "auto", precision = "auto", kernels, model;
  std::vector<double> peaks;  // TFLOP/s and GB/s; empty: measured
  int64_t batch = 0, fmap_base = 8192, fmap_max = 512, threads = 0, longest = 0;
  double alpha = 1.0, seconds = 10.0;
  bool json = false, floor = false;
};

// The resolved options, in the process that measures.
struct Setup {
  Options options;
  DeviceChoice device;
  Precision precision;
  std::string kernels;
};

Setup set_up(const Options& o) {
  Setup s{.options = o, .device = choose_device(o.device), .precision = {}, .kernels = o.kernels};
  const char* usual = s.device.cuda ? "tf32" : "fp32";
  s.precision = parse_precision(o.precision == "auto" ? usual : o.precision, s.device);
  if (s.kernels.empty()) s.kernels = s.device.cuda ? "own" : "cpu";
  return s;
}

std::unique_ptr<Backend> open(const Setup& s) {
  return open_backend(s.device, s.kernels, s.precision, static_cast<int>(s.options.threads));
}

Config bench_config(const Setup& s, int64_t resolution) {
  const Options& o = s.options;
  Config c = preset("official-tf");
  c.train.precision = s.precision;
  c.model.resolution = resolution;
  c.model.channels = 3;
  c.model.fmap_base = o.fmap_base;
  c.model.fmap_max = o.fmap_max;
  return c;
}

std::vector<uint8_t> bench_images(int64_t count) {
  std::vector<uint8_t> pixels(static_cast<size_t>(count));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 2654435761u >> 8);
  return pixels;
}

struct Measured {
  std::vector<double> seconds;  // per iteration, sorted
  int64_t iterations = 0;
  bool finite = true;

  double median() const { return seconds[seconds.size() / 2]; }
};

class StepBench {
 public:
  StepBench(const Setup& s, int64_t resolution)
      : setup_(s),
        batch_(s.options.batch > 0 ? s.options.batch : default_batch(s.device, resolution)),
        settings_{.fade = {resolution, s.options.alpha}},
        images_(bench_images(batch_ * resolution * resolution * 3)),
        mirror_(static_cast<size_t>(batch_), 0) {}

  int64_t batch() const { return batch_; }

  Measured measure(Context& context) {
    constexpr double kSample = 0.2;
    const bool captures = context.backend().can_capture();
    Gan gan(context, bench_config(setup_, settings_.fade.resolution));
    Measured warm, m;
    for (int i = 0; i < (captures ? 4 : 1); ++i) sample(gan, 1, warm);
    const auto each =
        captures ? static_cast<int64_t>(std::ceil(kSample / warm.seconds.back())) : int64_t{1};
    const auto start = std::chrono::steady_clock::now();
    do {
      sample(gan, each, m);
    } while (elapsed(start) < setup_.options.seconds || m.seconds.size() < 3);
    std::sort(m.seconds.begin(), m.seconds.end());
    m.finite = m.finite && warm.finite;
    return m;
  }

  // Kernel times of one iteration.
  std::map<std::string, TimingBackend::Entry> profile(Backend& backend) {
    TimingBackend timing(backend);
    Context context(timing);
    Gan gan(context, bench_config(setup_, settings_.fade.resolution));
    Measured m;
    sample(gan, 1, m);
    timing.clear();
    sample(gan, 1, m);
    return timing.entries();
  }

 private:
  static double elapsed(std::chrono::steady_clock::time_point since) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
  }

  void sample(Gan& gan, int64_t iterations, Measured& m) {
    const auto start = std::chrono::steady_clock::now();
    gan.stats().reset();
    for (int64_t i = 0; i < iterations; ++i) {
      gan.iterate(settings_, {.images = images_, .mirror = mirror_});
    }
    const TrainingStats s = gan.stats().means();  // waits
    m.seconds.push_back(elapsed(start) / static_cast<double>(iterations));
    m.iterations += iterations;
    m.finite = m.finite && s.d_skipped + s.g_skipped == 0 && std::isfinite(s.d_loss);
  }

  Setup setup_;
  int64_t batch_;
  IterationSettings settings_;
  std::vector<uint8_t> images_, mirror_;
};

void print_shares(const std::map<std::string, TimingBackend::Entry>& entries) {
  double total = 0;
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [name, entry] : entries) {
    total += entry.seconds;
    order.emplace_back(entry.seconds, name);
  }
  std::sort(order.rbegin(), order.rend());
  for (const auto& [seconds, name] : order) {
    if (seconds < 0.01 * total) continue;
    std::printf("       %5.1f %%  %9.3f ms  %4lld calls  %s\n", 100 * seconds / total,
                1e3 * seconds, static_cast<long long>(entries.at(name).calls), name.c_str());
  }
}

// Shortest time of an iteration, in seconds, at the device's peaks.
double floor_of(const Setup& s, Backend& backend, int64_t resolution, int64_t batch) {
  const Options& o = s.options;
  PG_CHECK(o.fmap_base == 8192 && o.fmap_max == 512, UsageError,
           "--floor supports only the official feature maps; drop --fmap-base and --fmap-max");
  const Peaks peaks =
      o.peaks.empty() ? measure_peaks(backend, s.precision, s.device) : given_peaks(o.peaks);
  return floor_seconds(
      iteration_work(resolution, batch, size_of(numerics_of(s.precision).activations)), peaks);
}

struct Result {
  int64_t resolution, batch;
  Measured measured;
  int64_t tensor_bytes = 0;  // peak
  int64_t peak_mb = 0;       // CPU: of the process; GPU: of the tensors
  double floor = 0;          // seconds; 0: not requested

  double rate() const { return static_cast<double>(batch) / measured.median(); }
};

void print_json(const Setup& s, const std::string& device, const Result& r) {
  nlohmann::ordered_json line{{"device", device},
                              {"kernels", s.kernels},
                              {"precision", name_of(s.precision)},
                              {"resolution", r.resolution},
                              {"batch", r.batch},
                              {"seconds_per_iteration", r.measured.median()},
                              {"seconds_min", r.measured.seconds.front()},
                              {"seconds_max", r.measured.seconds.back()},
                              {"iterations", r.measured.iterations},
                              {"images_per_second", r.rate()},
                              {"tensor_memory_mb", r.tensor_bytes / 1000000},
                              {"peak_memory_mb", r.peak_mb}};
  if (r.floor > 0) {
    line["floor_seconds"] = r.floor;
    line["share_of_floor"] = r.floor / r.measured.median();
  }
  write_output(line.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

void print_line(const Result& r) {
  const Measured& m = r.measured;
  std::printf(
      "%4lld  batch %3lld  %9.3f img/s  %9.3f ms/iteration (%.3f to %.3f, %lld iterations)  peak "
      "%lld MB",
      static_cast<long long>(r.resolution), static_cast<long long>(r.batch), r.rate(),
      1e3 * m.median(), 1e3 * m.seconds.front(), 1e3 * m.seconds.back(),
      static_cast<long long>(m.iterations), static_cast<long long>(r.peak_mb));
  if (r.floor > 0) {
    std::printf("  floor %.3f ms (%.0f %% of the measured time)", 1e3 * r.floor,
                100 * r.floor / m.median());
  }
  std::printf("\n");
}

int run_resolution(const Options& o, int64_t resolution) {
  const Setup s = set_up(o);
  const std::unique_ptr<Backend> backend = open(s);
  StepBench bench(s, resolution);
  Result r{.resolution = resolution, .batch = bench.batch(), .measured = {}};
  {
    Context context(*backend);
    r.measured = bench.measure(context);
    r.tensor_bytes = context.step().peak_bytes() + context.persistent().peak_bytes();
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  r.peak_mb = s.device.cuda ? r.tensor_bytes / 1000000 : usage.ru_maxrss / 1024;
  PG_CHECK(r.measured.finite, Error, "the losses at ", resolution, "x", resolution,
           " are not finite");
  if (o.floor) r.floor = floor_of(s, *backend, resolution, r.batch);
  if (o.json) {
    print_json(s, backend->description(), r);
  } else {
    print_line(r);
    print_shares(bench.profile(*backend));
  }
  return 0;
}

// Runs `work` in a child process and returns its exit code. The parent must not have used a GPU.
template <typename F>
int in_child(F&& work) {
  const pid_t child = fork();
  if (child == 0) {
    int code = 1;
    try {
      code = work();
      finish_output();
    } catch (const std::exception& e) {
      code = report_error(kName, e);
    }
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

void add_options(apps::Command& app, Options& o) {
  app.add_option("--resolution", o.resolutions,
                 "powers of two from 4 to 1024 (default: all on a GPU, up to 256 on the CPU)")
      ->delimiter(',');
  app.add_option("--device", o.device, "auto (a GPU if one is available), cpu, cuda or cuda:I");
  app.add_option("--precision", o.precision,
                 "fp32, tf32 or bf16 (default: tf32 on a GPU, fp32 on the CPU)");
  app.add_option(
      "--kernels", o.kernels,
      "own, vendor or fastest on a GPU (default: own); cpu or direct on the CPU (default: cpu)");
  app.add_option(
      "--batch", o.batch,
      "images per minibatch (default: official on a GPU; on the CPU 16 up to 64x64, above "
      "that 1024 / resolution)");
  app.add_option("--fmap-base", o.fmap_base,
                 "channels at resolution R: min(2 * fmap_base / R, fmap_max) (default: 8192)");
  app.add_option("--fmap-max", o.fmap_max, "see --fmap-base (default: 512)");
  app.add_option("--alpha", o.alpha,
                 "fade weight of the resolution; below 1: fading in (default: 1)");
  app.add_option("--seconds", o.seconds, "minimum measuring time per resolution (default: 10)");
  app.add_option("--threads", o.threads, "CPU threads (default: all cores)");
  app.add_flag("--floor", o.floor, "also print the shortest time possible at the device's peaks");
  app.add_option("--peaks", o.peaks, "TFLOP/s,GB/s: peaks for --floor (default: measured)")
      ->delimiter(',')
      ->expected(2);
  app.add_option("--model", o.model,
                 "instead of measuring, estimate the time on this GPU, which need not be here: " +
                     joined(modelled_gpus(), " or ") + " (expect +-25 %)");
  app.add_option("--longest", o.longest,
                 "with --model: also list this many of the longest calls (default: 0)");
  app.add_flag("--json", o.json,
               "print one JSON object per line instead of a table with kernel shares");
}

int run_model(const Options& o) {
  const Options usual;
  PG_CHECK(o.batch == usual.batch && o.fmap_base == usual.fmap_base &&
               o.fmap_max == usual.fmap_max && o.alpha == usual.alpha && o.kernels.empty(),
           UsageError,
           "--model supports only the official networks and minibatches with own kernels; drop "
           "--batch, --fmap-base, --fmap-max, --alpha and --kernels");
  ModelRequest request{.gpu = o.model, .resolutions = o.resolutions, .precisions = {o.precision}};
  if (o.precision == "auto") request.precisions = {"bf16", "tf32"};
  if (o.resolutions.empty()) {
    for (int64_t r = 4; r <= 1024; r *= 2) request.resolutions.push_back(r);
  }
  for (const int64_t r : request.resolutions) {
    PG_CHECK(is_resolution(r), UsageError,
             "--resolution: expected a power of two from 4 to 1024, got ", r);
  }
  request.format = o.json ? Format::json : Format::table;
  request.longest = o.longest;
  print_step_model(request);
  return 0;
}

int run(Options& o) {
  if (!o.model.empty()) return run_model(o);
  if (o.resolutions.empty()) {
    constexpr int kCuda = 3;
    const int found = in_child([&] { return choose_device(o.device).cuda ? kCuda : 0; });
    if (found != 0 && found != kCuda) return found;
    for (int64_t r = 4; r <= (found == kCuda ? 1024 : 256); r *= 2) o.resolutions.push_back(r);
  }
  for (const int64_t resolution : o.resolutions) {
    const int code = in_child([&] { return run_resolution(o, resolution); });
    if (code != 0) return code;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  apps::Command app(
      "Measures whole training iterations of the official network: images per second at each "
      "resolution.",
      kName);
  add_options(app, o);
  return run_program(app, argc, argv, [&] { return run(o); });
}
