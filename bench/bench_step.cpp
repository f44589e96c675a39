// bench_step: images per second of whole training iterations (one D and one G step with gradient
// penalty, Adam and average) at each resolution, with the share of each kernel and peak memory.
//
// Every resolution runs in a process of its own, so that its peak memory is its own. Times are
// medians over iterations without the timing backend; the shares come from further iterations with
// it. The losses of the timed iterations are checked to be finite.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench/timing_backend.h"
#include "model/training/gan.h"

namespace {

using namespace pg;

struct Options {
  std::vector<int64_t> resolutions = {4, 8, 16, 32, 64, 128, 256};
  int64_t batch = 0, fmap_base = 8192, fmap_max = 512, threads = 0;
  double alpha = 1.0, seconds = 10.0;
  bool json = false;
};

int64_t default_batch(int64_t resolution) {
  return resolution <= 64 ? 16 : std::max<int64_t>(1, 1024 / resolution);
}

Config bench_config(const Options& o, int64_t resolution) {
  Config c = preset("official-tf");
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
  std::vector<double> seconds;  // sorted
  bool finite = true;
};

class StepBench {
 public:
  StepBench(const Options& o, int64_t resolution)
      : options_(o),
        batch_(o.batch > 0 ? o.batch : default_batch(resolution)),
        settings_{.resolution = resolution, .alpha = resolution > 4 ? o.alpha : 1.0},
        images_(bench_images(batch_ * resolution * resolution * 3)),
        mirror_(static_cast<size_t>(batch_), 0) {}

  int64_t batch() const { return batch_; }

  Measured measure(Context& context) {
    Gan gan(context, bench_config(options_, settings_.resolution));
    Measured m;
    iterate(gan, m);  // warm-up
    m.seconds.clear();
    const auto start = std::chrono::steady_clock::now();
    do {
      iterate(gan, m);
    } while (elapsed(start) < options_.seconds || m.seconds.size() < 3);
    std::sort(m.seconds.begin(), m.seconds.end());
    return m;
  }

  // Kernel times of one iteration.
  std::map<std::string, TimingBackend::Entry> profile(Backend& backend) {
    TimingBackend timing(backend);
    Context context(timing);
    Gan gan(context, bench_config(options_, settings_.resolution));
    Measured m;
    iterate(gan, m);
    timing.clear();
    iterate(gan, m);
    return timing.entries();
  }

 private:
  static double elapsed(std::chrono::steady_clock::time_point since) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
  }

  void iterate(Gan& gan, Measured& m) {
    const auto start = std::chrono::steady_clock::now();
    gan.reset_stats();
    gan.iterate(settings_, {.images = images_.data(), .mirror = mirror_.data(), .count = batch_});
    const TrainingStats s = gan.stats();  // waits
    m.seconds.push_back(elapsed(start));
    m.finite = m.finite && s.d_skipped + s.g_skipped == 0 && std::isfinite(s.d_loss);
  }

  Options options_;
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

int run_resolution(const Options& o, int64_t resolution) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(static_cast<int>(o.threads));
  StepBench bench(o, resolution);
  Measured m;
  int64_t peak = 0;
  {
    Context context(*backend);
    m = bench.measure(context);
    peak = context.step().peak_bytes() + context.persistent().peak_bytes();
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double median = m.seconds[m.seconds.size() / 2];
  const double rate = static_cast<double>(bench.batch()) / median;
  if (!m.finite) {
    std::fprintf(stderr, "bench_step: losses at %lldx%lld are not finite\n",
                 static_cast<long long>(resolution), static_cast<long long>(resolution));
    return 1;
  }
  if (o.json) {
    std::printf("%s\n", nlohmann::json{{"device", backend->name()},
                                       {"resolution", resolution},
                                       {"batch", bench.batch()},
                                       {"seconds_per_iteration", median},
                                       {"seconds_min", m.seconds.front()},
                                       {"seconds_max", m.seconds.back()},
                                       {"iterations", m.seconds.size()},
                                       {"images_per_second", rate},
                                       {"tensor_memory_mb", peak / 1000000},
                                       {"peak_memory_mb", usage.ru_maxrss / 1024}}
                            .dump()
                            .c_str());
    return 0;
  }
  std::printf(
      "%4lld  batch %2lld  %9.3f img/s  %8.4f s/iteration (%.4f to %.4f, %zu runs)  peak %ld MB\n",
      static_cast<long long>(resolution), static_cast<long long>(bench.batch()), rate, median,
      m.seconds.front(), m.seconds.back(), m.seconds.size(), usage.ru_maxrss / 1024);
  print_shares(bench.profile(*backend));
  std::fflush(stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Images per second of whole training iterations, per resolution, official network.");
  app.add_option("--resolution", o.resolutions, "resolutions to run")->delimiter(',');
  app.add_option("--batch", o.batch, "images per minibatch (0: 16 to 64x64, then 1024/resolution)");
  app.add_option("--fmap-base", o.fmap_base, "feature map formula: min(base / 2^stage, max)");
  app.add_option("--fmap-max", o.fmap_max, "see --fmap-base");
  app.add_option("--alpha", o.alpha, "weight of the resolution; below 1: fading in");
  app.add_option("--seconds", o.seconds, "measure each resolution for at least this long");
  app.add_option("--threads", o.threads, "compute threads (0: all cores)");
  app.add_flag("--json", o.json, "one JSON object a line instead of a table with kernel shares");
  CLI11_PARSE(app, argc, argv);
  for (const int64_t resolution : o.resolutions) {
    const pid_t child = fork();
    if (child == 0) {
      try {
        const int code = run_resolution(o, resolution);
        std::fflush(stdout);
        _exit(code);
      } catch (const std::exception& e) {
        std::fprintf(stderr, "bench_step: %s\n", e.what());
        _exit(1);
      }
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) return 1;
  }
  return 0;
}
