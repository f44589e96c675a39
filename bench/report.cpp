// report.cpp: formats the results of bench_kernels.
#include "bench/report.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench/counted_report.h"
#include "data/files/output.h"
#include "data/files/shown.h"

namespace pg::bench {
namespace {

using Json = nlohmann::ordered_json;

double milli(double seconds) { return 1e3 * seconds; }

void print(const Json& line) {
  write_output(line.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n");
  finish_output();
}

}  // namespace

std::string Measurement::verdict() const {
  if (!failure.empty()) return "failed: " + failure;
  return ok() ? "ok" : "wrong";
}

Peaks best_of(const PeakList& peaks) {
  Peaks best;
  for (const BackendPeaks& p : peaks) {
    best.bytes_per_second = std::max(best.bytes_per_second, p.peaks.bytes_per_second);
    best.flops = std::max(best.flops, p.peaks.flops);
  }
  return best;
}

double share_of_peak(const Case& c, const Timing& t, const Peaks& peaks) {
  return std::max(c.flops / peaks.flops, c.bytes() / peaks.bytes_per_second) / t.seconds;
}

void Report::head(const PeakList& peaks) {
  if (hardware::device_counts()) return counted_head(format_, precision_, peaks);
  best_ = best_of(peaks);
  if (format_ == Format::json) {
    for (const auto& [kernels, description, p] : peaks) {
      print({{"peak", kernels},
             {"device", description},
             {"precision", precision_},
             {"copy_gb_per_second", p.bytes_per_second / 1e9},
             {"matrix_product_tflops", p.flops / 1e12}});
    }
    return;
  }
  std::printf("\n%s, operands outside of the caches\n", precision_.c_str());
  for (const auto& [kernels, description, p] : peaks) {
    std::printf(
        "%-8s %s\n         peak: copy %.0f GB/s (read and written), matrix product %.2f "
        "TFLOP/s\n",
        kernels.c_str(), shown_whole(description).c_str(), p.bytes_per_second / 1e9,
        p.flops / 1e12);
  }
  std::printf("%-36s %-20s %s\n", "case", "shape",
              "| kernels       ms  spread  TFLOP/s    GB/s  share  error    check");
}

void Report::row(const Case& c, const std::vector<Measurement>& found) {
  if (hardware::device_counts()) {
    for (const Measurement& m : found) counted_row(format_, precision_, c, m);
  } else if (format_ == Format::table) {
    table_row(c, found);
  } else {
    for (const Measurement& m : found) json_row(c, m);
  }
}

void Report::json_row(const Case& c, const Measurement& m) const {
  Json line{{"case", c.name},          {"shape", c.shape},     {"resolution", c.resolution},
            {"precision", precision_}, {"kernels", m.kernels}, {"check", m.verdict()}};
  if (m.failure.empty()) {
    const Timing& t = m.timing;
    line.update({{"ms", milli(t.seconds)},
                 {"ms_min", milli(t.fastest)},
                 {"ms_max", milli(t.slowest)},
                 {"launches", t.launches},
                 {"tflops", c.flops / t.seconds / 1e12},
                 {"gb_per_second", c.bytes() / t.seconds / 1e9},
                 {"share_of_peak", share_of_peak(c, t, best_)},
                 {"error", std::isfinite(m.error) ? Json(m.error) : Json(nullptr)},
                 {"tolerance", m.tolerance}});
  }
  print(line);
}

void Report::table_row(const Case& c, const std::vector<Measurement>& found) const {
  std::printf("%-36s %-20s", c.name.c_str(), c.shape.c_str());
  for (const Measurement& m : found) {
    if (!m.failure.empty()) {
      std::printf(" | %-7s %s", m.kernels.c_str(), shown_whole(m.verdict()).c_str());
      continue;
    }
    const Timing& t = m.timing;
    std::printf(" | %-7s %8.4f  %4.0f %%  %7.2f %7.0f  %3.0f %%  %.1e  %s", m.kernels.c_str(),
                milli(t.seconds), 100 * (t.slowest - t.fastest) / t.seconds,
                c.flops / t.seconds / 1e12, c.bytes() / t.seconds / 1e9,
                100 * share_of_peak(c, t, best_), m.error, m.verdict().c_str());
  }
  if (found.size() == 2 && found[0].failure.empty() && found[1].failure.empty()) {
    std::printf(" | time %s / %s: %.2f", found[0].kernels.c_str(), found[1].kernels.c_str(),
                found[0].timing.seconds / found[1].timing.seconds);
  }
  std::printf("\n");
  finish_output();
}

}  // namespace pg::bench
