// timing.h: times launches on any Backend, by the host's clock around synchronize().
//
// A batch of launches is queued at once, as a captured graph if the device can capture, which
// excludes the time of queueing. Moving operands rotate through copies that together exceed the
// caches: every launch reads its inputs from memory, not from a cache filled by the previous
// launch.
#pragma once

#include "bench/backends.h"
#include "model/cases/operands.h"

namespace pg::bench {

using namespace cases;  // what is timed

struct TimingOptions {
  double seconds = 0.025;                   // of all batches together, minimum
  int64_t cold_bytes = int64_t{256} << 20;  // total size of the copies of the operands
};

struct Timing {
  double seconds = 0, fastest = 0, slowest = 0;  // per launch; median and extremes over batches
  int64_t launches = 0;
};

// Times c.run over the copies. spread() must have filled them, and the case must have run once.
Timing time_case(Backend& backend, const Case& c, const Operands& operands,
                 const TimingOptions& options);

// The measured peaks of a device, the reference for its kernels.
struct Peaks {
  double bytes_per_second = 0;  // a large copy, bytes read and bytes written
  double flops = 0;             // a large matrix product
};
Peaks measure_peaks(Backend& backend, Precision precision, const DeviceChoice& device);
// Peaks from TFLOP/s and GB/s. Throws UsageError unless both are positive.
Peaks given_peaks(const std::vector<double>& numbers);

}  // namespace pg::bench
