// counted_report.cpp: counters of launches as a table and as JSON lines.
#include "bench/counted_report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "data/files/output.h"
#include "data/files/shown.h"

namespace pg::bench {
namespace {

using hardware::GlobalTraffic;
using hardware::LaunchCounters;
using hardware::SharedTraffic;
using Json = nlohmann::ordered_json;

double ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0.0 : static_cast<double>(a) / static_cast<double>(b);
}

// Requested bytes as a share of the bytes of all sectors.
double used(const GlobalTraffic& t) { return 100.0 * ratio(t.bytes, 32 * t.sectors); }

// Wavefronts that bank conflicts add, relative to those without.
double conflicts(const SharedTraffic& t) {
  return 100.0 * ratio(t.wavefronts - t.ideal, std::max<uint64_t>(t.ideal, 1));
}

Json json_of(const GlobalTraffic& t) {
  return {{"requests", t.requests}, {"sectors", t.sectors}, {"bytes", t.bytes}};
}
Json json_of(const SharedTraffic& t) {
  return {{"requests", t.requests}, {"wavefronts", t.wavefronts}, {"ideal", t.ideal}};
}

Json json_of(const LaunchCounters& k) {
  return {{"launches", k.launches},
          {"loads", json_of(k.loads)},
          {"stores", json_of(k.stores)},
          {"shared_loads", json_of(k.shared_loads)},
          {"shared_stores", json_of(k.shared_stores)},
          {"mma", k.mma},
          {"ldmatrix", k.ldmatrix},
          {"cp_async", k.cp_async},
          {"atomics", k.atomics},
          {"barriers", k.barriers}};
}

void table_line(const std::string& name, const LaunchCounters& k) {
  std::printf("    %-58.58s %3llu %9llu %5.1f %4.0f%% %9llu %5.1f %4.0f%%", shown(name).c_str(),
              static_cast<unsigned long long>(k.launches),
              static_cast<unsigned long long>(k.loads.sectors),
              ratio(k.loads.sectors, k.loads.requests), used(k.loads),
              static_cast<unsigned long long>(k.stores.sectors),
              ratio(k.stores.sectors, k.stores.requests), used(k.stores));
  std::printf(" %8llu %4.0f%% %8llu %4.0f%%",
              static_cast<unsigned long long>(k.shared_loads.wavefronts), conflicts(k.shared_loads),
              static_cast<unsigned long long>(k.shared_stores.wavefronts),
              conflicts(k.shared_stores));
  std::printf(" %8llu %8llu %8llu %7llu\n", static_cast<unsigned long long>(k.mma),
              static_cast<unsigned long long>(k.ldmatrix),
              static_cast<unsigned long long>(k.cp_async),
              static_cast<unsigned long long>(k.barriers));
}

}  // namespace

void counted_head(Format format, const std::string& precision, const PeakList& devices) {
  if (format == Format::json) return;
  for (const BackendPeaks& d : devices) {
    std::printf("\n%s, counted on %s\n", precision.c_str(), shown_whole(d.description).c_str());
  }
  std::printf(
      "Loads and stores of global memory: sectors of 32 bytes, sectors per request, share of their "
      "bytes in use.\nShared memory: wavefronts, and how many more than without bank conflicts. "
      "Instructions: per warp.\n");
  std::printf("    %-58s %3s %21s %21s %14s %14s %8s %8s %8s %7s\n", "kernel", "n", "loads",
              "stores", "shared loads", "shared stores", "mma", "ldmatrix", "cp.async", "barrier");
}

void counted_row(Format format, const std::string& precision, const Case& c, const Measurement& m) {
  if (format == Format::json) {
    Json kernels = Json::object();
    for (const auto& [name, counters] : m.counted) kernels[name] = json_of(counters);
    const Json line{
        {"case", c.name},           {"shape", c.shape},     {"resolution", c.resolution},
        {"precision", precision},   {"kernels", m.kernels}, {"check", m.verdict()},
        {"least_bytes", c.bytes()}, {"counted", kernels}};
    write_output(line.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n");
  } else {
    std::printf("%s %s: %s\n", c.name.c_str(), c.shape.c_str(), shown_whole(m.verdict()).c_str());
    for (const auto& [name, counters] : m.counted) table_line(name, counters);
  }
  finish_output();
}

}  // namespace pg::bench
