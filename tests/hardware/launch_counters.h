// launch_counters.h: what the launches of a kernel asked of an emulated GPU: requests of warps,
// their traffic, and instructions.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/hardware/warp_request.h"

namespace pg::hardware {

// Global memory. bytes: distinct bytes within each request, at most 32 for each sector.
struct GlobalTraffic {
  uint64_t requests = 0, sectors = 0, bytes = 0;

  void add(const WarpRequest& r) {
    if (r.lanes == 0) return;
    const Sectors s = sectors_of(r);
    ++requests;
    sectors += s.count;
    bytes += s.bytes;
  }
};

// Shared memory. Wavefronts beyond ideal are bank conflicts.
struct SharedTraffic {
  uint64_t requests = 0, wavefronts = 0, ideal = 0;

  void add(const WarpRequest& r) {
    if (r.lanes == 0) return;
    const Wavefronts w = wavefronts_of(r);
    ++requests;
    wavefronts += w.count;
    ideal += w.ideal;
  }
};

// All launches of a kernel together. Instructions are counted once for each warp that issues them.
struct LaunchCounters {
  uint64_t launches = 0;
  GlobalTraffic loads, stores;                // loads include those of cp.async
  SharedTraffic shared_loads, shared_stores;  // with ldmatrix and the writes of cp.async
  uint64_t mma = 0, ldmatrix = 0, cp_async = 0, atomics = 0, barriers = 0;
};

using CountedKernels = std::map<std::string, LaunchCounters>;  // by short name

// "void pg::cuda::(anonymous namespace)::add<float>(Params)" is "add<float>".
inline std::string short_kernel_name(std::string name) {
  for (const char* const part : {"void ", "(anonymous namespace)::", "pg::cuda::", "pg::simt::"}) {
    for (size_t at; (at = name.find(part)) != std::string::npos;) {
      name.erase(at, std::string(part).size());
    }
  }
  int depth = 0;  // of template arguments, which may contain parentheses
  for (size_t i = 0; i < name.size(); ++i) {
    depth += name[i] == '<' ? 1 : name[i] == '>' ? -1 : 0;
    if (name[i] == '(' && depth == 0) return name.substr(0, i);
  }
  return name;
}

// Of this process: defined by programs whose device counts, see bench/no_counters.cpp.
bool device_counts();
CountedKernels take_counters();  // since the last call

}  // namespace pg::hardware
