// speed_model.cpp: records iterations, and adds up the times of their launches.
#include "bench/model/speed_model.h"

#include <algorithm>
#include <cmath>

#include "bench/floor.h"
#include "bench/model/assumptions.h"
#include "model/config/numerics.h"
#include "model/config/schedule.h"
#include "model/training/gan.h"

namespace pg::bench {
namespace {

std::string family_of(const std::string& kernel) {
  const std::map<std::string, std::string> families = {{"fprop_kernel", "fprop"},
                                                       {"fprop_strip_kernel", "strips"},
                                                       {"wgrad_kernel", "wgrad"},
                                                       {"sum_partials_kernel", "sums"},
                                                       {"expand_kernel", "rgb"},
                                                       {"contract_kernel", "rgb"},
                                                       {"rgb_wgrad_kernel", "rgb"},
                                                       {"adam_kernel", "adam"},
                                                       {"adam_with_filters_kernel", "adam"},
                                                       {"check_chunks_kernel", "adam"},
                                                       {"grad_check_kernel", "adam"},
                                                       {"tensor_matmul_kernel", "dense"},
                                                       {"row_dot_kernel", "dense"},
                                                       {"sum_chunks_kernel", "dense"},
                                                       {"exact_matmul_kernel", "dense"}};
  const auto it = families.find(kernel);
  return it == families.end() ? "other" : it->second;
}

// The sums of partial results that a weight gradient's launch has written: of dw, then of db.
Estimate sum_time(const ModelledGpu& gpu, double partial_bytes, bool is_first) {
  const GpuRates& g = gpu.rates;
  if (!is_first) return {.seconds = assumed::kBiasSum, .bound = Bound::gap};
  const double rate = partial_bytes > assumed::kSumsCached * g.cached_bytes
                          ? assumed::kSumShare * g.memory
                          : assumed::kCachedSumShare * g.cached;
  const double seconds = partial_bytes / rate;
  return {.seconds = seconds + assumed::kSumKernel,
          .bound = seconds > assumed::kSumKernel ? Bound::memory : Bound::gap};
}

class CallTime {
 public:
  CallTime(const ModelledGpu& gpu, const RecordedCall& call) : gpu_(gpu) { timed_.call = call; }

  TimedCall run() {
    for (const PlannedLaunch& launch : timed_.call.launches) {
      if (timed_.call.name == "copy") {
        const ModelledLaunch copy{
            gpu_, timed_.call, launch, {.text = "copy", .family = "copy"}, {}};
        add(copy, traffic_time(copy));
      } else {
        add(launch);
      }
    }
    return std::move(timed_);
  }

 private:
  void add(const PlannedLaunch& launch) {
    const std::string text = name_of_kernel(launch.kernel);
    PG_CHECK(!text.empty(), Error,
             "the model needs the names of kernels, but this program was stripped of its symbols; "
             "use the one in the build folder");
    const KernelName kernel = parse_kernel_name(text);
    const FoundCode found = code_of(kernel_table(gpu_.rates.machine), kernel);
    const ModelledLaunch l{gpu_, timed_.call, launch, kernel, found.code};
    Estimate estimate = time_of(l);
    if (gpu_.rates.overlaps) {
      estimate.seconds = std::max(estimate.seconds - assumed::kOverlap, assumed::kOverlapped);
    }
    add(l, estimate);
    timed_.launches.back().known = found.known;
  }

  Estimate time_of(const ModelledLaunch& l) {
    const std::string& family = l.kernel.family;
    if (family == "fprop_kernel") return fprop_time(l);
    if (family == "fprop_strip_kernel") return strip_time(l);
    if (family == "wgrad_kernel") {
      partial_bytes_ = wgrad_partial_bytes(l);
      return wgrad_time(l);
    }
    if (family == "sum_partials_kernel") return sum_time(gpu_, partial_bytes_, sums_++ == 0);
    return traffic_time(l);
  }

  void add(const ModelledLaunch& l, const Estimate& estimate) {
    timed_.launches.push_back({l.kernel.text, family_of(l.kernel.family), estimate});
  }

  const ModelledGpu& gpu_;
  TimedCall timed_;
  double partial_bytes_ = 0;
  int sums_ = 0;
};

Config official(int64_t resolution, Precision precision) {
  Config c = preset("official-tf");
  c.train.precision = precision;
  c.model.resolution = resolution;
  c.model.channels = 3;
  return c;
}

}  // namespace

double TimedCall::seconds() const {
  double sum = 0;
  for (const TimedLaunch& l : launches) sum += l.estimate.seconds;
  return sum;
}

std::vector<TimedCall> estimate(const ModelledGpu& gpu, const std::vector<RecordedCall>& calls) {
  std::vector<TimedCall> timed;
  for (const RecordedCall& call : calls) timed.push_back(CallTime(gpu, call).run());
  return timed;
}

Totals totals_of(const std::vector<TimedCall>& calls) {
  Totals t;
  for (const TimedCall& call : calls) {
    for (const TimedLaunch& l : call.launches) {
      ++t.launches;
      t.seconds += l.estimate.seconds;
      t.family[l.family] += l.estimate.seconds;
      t.bound[l.estimate.bound] += l.estimate.seconds;
      const bool listed =
          std::find(t.unknown.begin(), t.unknown.end(), l.kernel) != t.unknown.end();
      if (!l.known && !listed) t.unknown.push_back(l.kernel);
    }
  }
  return t;
}

std::unique_ptr<Recorder> open_recorder(const ModelledGpu& gpu, Precision precision) {
  try {
    return std::make_unique<Recorder>(gpu.model, numerics_of(precision).products);
  } catch (const DeviceError&) {
    throw DeviceError(
        "--model needs the CUDA launchers, which this program was built without; build it with "
        "nvcc, or use bench_step_plain or bench_kernels_plain, which are built with the tests");
  }
}

std::vector<TimedCall> estimate_iteration(const ModelledGpu& gpu, Precision precision,
                                          const Fade& fade) {
  const Config config = official(fade.resolution, precision);
  const std::unique_ptr<Recorder> recorder = open_recorder(gpu, precision);
  Context context(*recorder);
  Gan gan(context, config);
  const int64_t n = official_minibatch(fade.resolution);
  const int64_t bytes = n * fade.resolution * fade.resolution * config.model.channels;
  const std::vector<uint8_t> images(static_cast<size_t>(bytes)), mirror(static_cast<size_t>(n));
  for (int i = 0; i < 2; ++i) {
    recorder->clear();
    gan.iterate({.fade = fade}, {.images = images, .mirror = mirror});
  }
  return estimate(gpu, recorder->calls());
}

double iteration_floor(const ModelledGpu& gpu, Precision precision, int64_t resolution) {
  const GpuRates& g = gpu.rates;
  const int64_t element = size_of(numerics_of(precision).activations);
  const auto work = iteration_work(resolution, official_minibatch(resolution), element);
  return floor_seconds(work, precision == Precision::bf16 ? g.bf16_peaks : g.tf32_peaks);
}

ScheduledImages scheduled_images(int64_t resolution) {
  constexpr int64_t kFinal = 1024;
  ScheduledImages images;
  for (const Stage& stage : stages(official(kFinal, Precision::tf32))) {
    if (stage.resolution != resolution) continue;
    (stage.fading ? images.fading : images.stable) += static_cast<double>(stage.images());
  }
  return images;
}

int64_t official_minibatch(int64_t resolution) {
  return minibatch_at(official(resolution, Precision::tf32), resolution);
}

}  // namespace pg::bench
