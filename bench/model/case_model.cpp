// case_model.cpp: estimates of single calls (bench_kernels --model).
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench/model/model_report.h"
#include "data/files/output.h"

namespace pg::bench {
namespace {

using Json = nlohmann::ordered_json;

// The second call, for which filters are packed.
std::vector<TimedCall> estimate_case(const ModelledGpu& gpu, Precision precision, const Case& c) {
  const std::unique_ptr<Recorder> recorder = open_recorder(gpu, precision);
  std::vector<TensorView> views;
  for (const cases::Operand& o : c.operands) {
    views.push_back({recorder->allocate(bytes_of(o.shape, o.dtype)), o.dtype, o.shape});
  }
  for (int i = 0; i < 2; ++i) {
    recorder->clear();
    c.run(*recorder, views);
  }
  return estimate(gpu, recorder->calls());
}

// The launch that takes longest decides what limits the call.
Bound bound_of(const Totals& t) {
  return std::max_element(t.bound.begin(), t.bound.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

void print_case(const ModelRequest& request, const std::string& precision, const Case& c,
                const std::vector<TimedCall>& calls, const Peaks& peaks) {
  const Totals t = totals_of(calls);
  const double floor = std::max(c.flops / peaks.flops, c.bytes() / peaks.bytes_per_second);
  if (request.format == Format::table) {
    std::printf(
        "%-36s %-20s %9.4f ms %3lld launches  %7.2f TFLOP/s %6.0f GB/s  %3.0f %% of the floor's "
        "speed  %s\n",
        c.name.c_str(), c.shape.c_str(), 1e3 * t.seconds, static_cast<long long>(t.launches),
        c.flops / t.seconds / 1e12, c.bytes() / t.seconds / 1e9, 100 * floor / t.seconds,
        name_of(bound_of(t)));
    return finish_output();
  }
  const Json line{{"model", request.gpu},
                  {"case", c.name},
                  {"shape", c.shape},
                  {"resolution", c.resolution},
                  {"precision", precision},
                  {"ms", 1e3 * t.seconds},
                  {"launches", t.launches},
                  {"tflops", c.flops / t.seconds / 1e12},
                  {"gb_per_second", c.bytes() / t.seconds / 1e9},
                  {"share_of_peak", floor / t.seconds},
                  {"limited_by", name_of(bound_of(t))}};
  write_output(line.dump() + "\n");
}

}  // namespace

void print_case_model(const ModelRequest& request, const std::string& precision,
                      const std::vector<Case>& cases) {
  const ModelledGpu gpu = modelled_gpu(request.gpu);
  const Precision p = modelled_precision(precision);
  open_recorder(gpu, p);  // throws before the head is printed
  const Peaks& peaks = p == Precision::bf16 ? gpu.rates.bf16_peaks : gpu.rates.tf32_peaks;
  if (request.format == Format::table) {
    std::printf("\n%s, model of %s: no measurement\n", precision.c_str(), request.gpu.c_str());
  }
  for (const Case& c : cases) {
    print_case(request, precision, c, estimate_case(gpu, p, c), peaks);
  }
}

}  // namespace pg::bench
