// timing.h: times launches on any Backend, by the host's clock around synchronize().
//
// A batch of launches is queued at once, as a captured graph if the device can capture, which
// excludes the time of queueing. Moving operands rotate through copies that together exceed the
// caches: every launch reads its inputs from memory, not from a cache filled by the previous
// launch.
#pragma once

#include "bench/backends.h"
#include "bench/case.h"

namespace pg::bench {

struct TimingOptions {
  double seconds = 0.025;                   // of all batches together, minimum
  int64_t cold_bytes = int64_t{256} << 20;  // total size of the copies of the operands
};

struct Timing {
  double seconds = 0, fastest = 0, slowest = 0;  // per launch; median and extremes over batches
  int64_t launches = 0;
};

// The operands of a case in device memory, in enough copies to fill cold_bytes.
class Operands {
 public:
  // Fills the first copy: inputs with their values, outputs with NaN. Throws DeviceError if there
  // is not enough memory.
  Operands(Backend& backend, const Case& c, int64_t cold_bytes);
  ~Operands();
  Operands(const Operands&) = delete;
  Operands& operator=(const Operands&) = delete;

  const std::vector<Values>& values() const { return values_; }
  int64_t copies() const { return static_cast<int64_t>(copies_.size()); }
  Views copy(int64_t i) const { return copies_[static_cast<size_t>(i)]; }
  // Copies the first copy into all others.
  void spread();

 private:
  void add_copy(const Case& c);
  Backend& backend_;
  std::vector<void*> memory_;
  std::vector<Values> values_;
  std::vector<std::vector<TensorView>> copies_;
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
