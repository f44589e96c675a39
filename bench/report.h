// report.h: the results of bench_kernels, as JSON lines or as a table with the kernels of all
// backends side by side.
#pragma once

#include <string>
#include <vector>

#include "bench/timing.h"
#include "tests/hardware/launch_counters.h"

namespace pg::bench {

// One kernel at one shape on one backend. Rates are computed from the least work and traffic
// (Case).
struct Measurement {
  std::string kernels;  // "own", "vendor", "cpu", ...
  Timing timing;
  hardware::CountedKernels counted{};  // in place of the timing, on an emulated device
  double error = 0, tolerance = 0;
  std::string failure;  // why there is no result, else empty

  bool ok() const { return failure.empty() && error <= tolerance; }
  std::string verdict() const;  // "ok", "wrong", "failed: why"
};

// Peaks of each backend, and the best of them, the reference of shares.
struct BackendPeaks {
  std::string kernels, description;  // the device, and the libraries if they are used
  Peaks peaks;
};
using PeakList = std::vector<BackendPeaks>;
Peaks best_of(const PeakList& peaks);

// Shortest time at the peaks / measured time.
double share_of_peak(const Case& c, const Timing& t, const Peaks& peaks);

enum class Format : uint8_t { table, json };

class Report {
 public:
  Report(Format format, std::string precision)
      : format_(format), precision_(std::move(precision)) {}

  // Devices with their peaks, and the names of the columns.
  void head(const PeakList& peaks);
  void row(const Case& c, const std::vector<Measurement>& found);

 private:
  void json_row(const Case& c, const Measurement& m) const;
  void table_row(const Case& c, const std::vector<Measurement>& found) const;
  Format format_;
  std::string precision_;
  Peaks best_;
};

}  // namespace pg::bench
