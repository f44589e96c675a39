// state.h: the state of the emulated device on the host side. Private to host/.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "tests/simt/host/api.h"
#include "tests/simt/host/profile.h"
#include "tests/simt/host/test.h"

namespace pg::simt {

// Queued work: a function to run, or the wait for a record of an event.
struct Work {
  std::function<cudaError_t()> run;
  const CUevent_st* wait = nullptr;
  uint64_t record = 0;
  const void* kernel = nullptr;  // of a launch, with its dynamic shared memory
  size_t smem = 0;
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
  bool invalid = false;  // something was called that a capture forbids
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
  std::vector<DeviceProfile> devices;
  int device = 0;
  int driver = CUDART_VERSION;
  int64_t launches = 0, overlapping = 0, copies = 0, waits = 0;
  std::map<const void*, int64_t> launched;  // launches of each kernel
  bool dry = false;                         // nothing runs, see DryRun
  int64_t objects = 0;                      // pinned memory, events and graphs
  int64_t calls = 0, failing_call = 0;
  std::string last_call;
  cudaError_t sticky = cudaSuccess, last = cudaSuccess;
  cudaError_t pending = cudaSuccess;  // of a planted fault, until something waits (planted.h)
  bool hangs = false;                 // a planted launch never ends
  bool memory_taken = false;          // by somebody else: allocations fail
};
HostState& host();
void read_environment(HostState& state);

// Starts every call. An error if it is the one that a test makes fail, or if a stream is being
// captured and the call is forbidden then; that also invalidates the capture.
enum class Capture { allows, forbids };
cudaError_t called(const char* name, Capture capture = Capture::allows);

// Stores an error for cudaGetLastError; returns it as the result of the call.
cudaError_t returned(cudaError_t error);

bool capturing();  // any stream
void invalidate_captures();
size_t device_bytes();                                // memory of a device
bool smem_allowed(const void* kernel, size_t bytes);  // by the limit of this moment
cudaError_t queue_work(cudaStream_t stream, Work work);
void drain(CUstream_st& stream);  // runs its work, and the work of others that it waits for
void drain_all();                 // of all streams, as calls that wait do

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
