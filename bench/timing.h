// timing.h: how long a launch takes on any Backend, by the host's clock around synchronize().
//
// A batch of launches is queued at once, as a captured graph where the device can capture, so the
// time of queueing does not count. Operands that move rotate through copies that together exceed
// the caches: every launch finds its inputs in memory, not in a cache that the last launch has
// filled.
#pragma once

#include "bench/case.h"
#include "bench/devices.h"

namespace pg::bench {

struct TimingOptions {
  double seconds = 0.025;                   // of all batches together, at least
  int64_t cold_bytes = int64_t{256} << 20;  // what the copies of the operands occupy together
};

struct Timing {
  double seconds = 0, fastest = 0, slowest = 0;  // per launch; median and extremes of the batches
  int64_t launches = 0;
};

// The operands of a case in device memory, in as many copies as cold_bytes asks for.
class Operands {
 public:
  // Fills the first copy: inputs with their numbers, outputs with NaN. Throws DeviceError when the
  // memory does not suffice.
  Operands(Backend& backend, const Case& c, int64_t cold_bytes);
  ~Operands();
  Operands(const Operands&) = delete;
  Operands& operator=(const Operands&) = delete;

  const std::vector<Values>& values() const { return values_; }
  int64_t copies() const { return static_cast<int64_t>(copies_.size()); }
  Views copy(int64_t i) const { return copies_[static_cast<size_t>(i)]; }
  // Gives every copy the contents of the first.
  void spread();

 private:
  void add_copy(const Case& c);
  Backend& backend_;
  std::vector<void*> memory_;
  std::vector<Values> values_;
  std::vector<std::vector<TensorView>> copies_;
};

// Times c.run over the copies, which spread() has filled; the case has run once already.
Timing time_case(Backend& backend, const Case& c, const Operands& operands,
                 const TimingOptions& options);

// What the device reaches at best, measured: rates beside which the kernels are judged.
struct Peaks {
  double bytes_per_second = 0;  // a large copy, bytes read and bytes written
  double flops = 0;             // a large matrix product
};
Peaks measure_peaks(Backend& backend, Precision precision, const Device& device);
// From TFLOP/s and GB/s. Throws UsageError unless both are positive.
Peaks given_peaks(const std::vector<double>& numbers);

}  // namespace pg::bench
