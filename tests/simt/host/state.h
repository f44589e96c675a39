// state.h: the state of the emulated device on the host side. Private to host/.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "tests/simt/host/api.h"
#include "tests/simt/host/test.h"

namespace pg::simt {

// Queued work: a function to run, or the wait for a record of an event.
struct Work {
  std::function<cudaError_t()> run;
  const CUevent_st* wait = nullptr;
  uint64_t record = 0;
};

}  // namespace pg::simt

struct CUevent_st {
  uint64_t recorded = 0, reached = 0;  // records queued, records run
  CUgraph_st* graph = nullptr;         // of the capture that recorded it
};
struct CUstream_st {
  std::deque<pg::simt::Work> queue;
  CUgraph_st* graph = nullptr;  // that it is being captured into
};
struct CUgraph_st {
  std::vector<pg::simt::Work> work;
  CUstream_st* origin = nullptr;
  std::vector<CUstream_st*> members;
};
struct CUgraphExec_st {
  std::vector<pg::simt::Work> work;
};

namespace pg::simt {

struct HostState {
  std::map<uintptr_t, size_t> allocations;  // device memory: address and bytes
  size_t allocated_bytes = 0;
  std::map<const void*, int> smem_limits;  // of kernels that asked for more
  CUstream_st default_stream;
  std::vector<CUstream_st*> streams{&default_stream};
  StreamOrder order = StreamOrder::at_once;
  int64_t launches = 0;
  cudaError_t sticky = cudaSuccess, last = cudaSuccess;
};
HostState& host();

// Stores an error for cudaGetLastError; returns it as the result of the call.
cudaError_t returned(cudaError_t error);

bool capturing();  // any stream
cudaError_t queue_work(cudaStream_t stream, Work work);
void drain(CUstream_st& stream);  // runs its work, and the work of others that it waits for
void drain_all();

// Allows access to device memory during its lifetime; otherwise AddressSanitizer reports any
// access, since host code must not touch it.
class DeviceMemoryAccess {
 public:
  DeviceMemoryAccess();
  ~DeviceMemoryAccess();
  DeviceMemoryAccess(const DeviceMemoryAccess&) = delete;
  DeviceMemoryAccess& operator=(const DeviceMemoryAccess&) = delete;
};

}  // namespace pg::simt
