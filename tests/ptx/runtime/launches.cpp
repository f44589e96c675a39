// launches.cpp: registration of kernels by nvcc's host code, and their launches.
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "tests/ptx/interpreter/counting.h"
#include "tests/ptx/runtime/state.h"

namespace pg::ptx {
namespace {

// A pointer to this is what nvcc's host code registers.
struct Wrapper {
  uint32_t magic, version;
  const char* data;
};

double processor_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// PTX_STATS=1
void print_statistics() {
  uint64_t total = 0;
  double seconds = 0;
  for (const auto& [stub, k] : state().kernels) {
    if (k.launches == 0) continue;
    std::fprintf(stderr, "ptx: %8lu launches %12lu warp instructions %8.3f s  %s\n", k.launches,
                 k.instructions, k.seconds, demangled(k.name).c_str());
    total += k.instructions;
    seconds += k.seconds;
  }
  std::fprintf(stderr, "ptx: %lu warp instructions in %.2f s of a processor\n", total, seconds);
}

void require_shared_memory(const HostKernel& k, size_t dynamic) {
  const std::string name = ": " + demangled(k.name);
  if (dynamic > static_cast<size_t>(k.most_dynamic)) {
    fail("launch with " + std::to_string(dynamic) + " bytes of dynamic shared memory, " +
         std::to_string(k.most_dynamic) + " are allowed" + name);
  }
  // The first 1024 bytes of a block belong to the driver.
  size_t all = dynamic;
  for (const auto& [address, bytes] : k.kernel->shared) {
    all = std::max(all, dynamic + address + bytes - kSharedBase);
  }
  if (all > static_cast<size_t>(profile().most_shared)) {
    fail("launch with " + std::to_string(all) + " bytes of shared memory, the device has " +
         std::to_string(profile().most_shared) + name);
  }
}

// Programmatic dependent launch.
bool overlaps(const cudaLaunchConfig_t& config) {
  for (unsigned k = 0; k < config.numAttrs; ++k) {
    if (config.attrs[k].id != cudaLaunchAttributeProgrammaticStreamSerialization) {
      fail("unknown attribute of a launch: " + std::to_string(config.attrs[k].id));
    }
    if (config.attrs[k].val.programmaticStreamSerializationAllowed != 0) return true;
  }
  return false;
}

// Copies of the arguments, which the caller may reuse.
class Arguments {
 public:
  Arguments(const Kernel& kernel, void** args) {
    for (size_t i = 0; i < kernel.params.size(); ++i) {
      const char* const p = static_cast<const char*>(args[i]);
      values_.emplace_back(p, p + kernel.params[i].size);
    }
  }
  std::vector<const void*> pointers() const {
    std::vector<const void*> list;
    for (const auto& v : values_) list.push_back(v.data());
    return list;
  }

 private:
  std::vector<std::vector<char>> values_;
};

void run(HostKernel& k, const Arguments& arguments, const cudaLaunchConfig_t& c) {
  if (state().counts) {
    counters() = &state().counted[hardware::short_kernel_name(demangled(k.name))];
    ++counters()->launches;
  }
  const uint64_t before = instructions_run();
  const double start = processor_seconds();
  Module::run(*k.kernel, {c.gridDim.x, c.gridDim.y, c.gridDim.z},
              {c.blockDim.x, c.blockDim.y, c.blockDim.z}, c.dynamicSmemBytes,
              arguments.pointers().data());
  k.seconds += processor_seconds() - start;
  k.instructions += instructions_run() - before;
  ++k.launches;
}

cudaError_t launch(const void* stub, const cudaLaunchConfig_t& config, void** args) {
  return answer(cudaErrorLaunchFailure, [&] {
    const auto it = state().kernels.find(stub);
    if (it == state().kernels.end()) return cudaErrorInvalidDeviceFunction;
    HostKernel& k = it->second;
    if (k.kernel == nullptr) k.kernel = &k.binary->module().kernel(k.name);
    require_shared_memory(k, config.dynamicSmemBytes);
    if (overlaps(config) && !k.kernel->follows) {
      fail("touches memory before it waits for earlier kernels: " + demangled(k.name));
    }
    const auto arguments = std::make_shared<Arguments>(*k.kernel, args);
    cudaLaunchConfig_t c = config;
    c.attrs = nullptr;
    c.numAttrs = 0;
    enqueue(config.stream, [&k, arguments, c] { run(k, *arguments, c); });
    return cudaSuccess;
  });
}

cudaLaunchConfig_t config_of(dim3 grid, dim3 block, size_t smem, cudaStream_t stream) {
  cudaLaunchConfig_t c{};
  c.gridDim = grid;
  c.blockDim = block;
  c.dynamicSmemBytes = smem;
  c.stream = stream;
  return c;
}

}  // namespace
}  // namespace pg::ptx

using pg::ptx::state;

extern "C" {

void** __cudaRegisterFatBinary(void* wrapper) {
  const char* const stats = std::getenv("PTX_STATS");
  if (stats != nullptr && state().binaries.empty()) std::atexit(pg::ptx::print_statistics);
  state().binaries.emplace_back(static_cast<pg::ptx::Wrapper*>(wrapper)->data);
  return reinterpret_cast<void**>(&state().binaries.back());
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
char __cudaInitModule(void**) { return 1; }
void __cudaRegisterFunction(void** binary, const char* stub, char*, const char* name, int, uint3*,
                            uint3*, dim3*, dim3*, int*) {
  pg::ptx::HostKernel& k = state().kernels[stub];
  k.binary = reinterpret_cast<pg::ptx::FatBinary*>(binary);
  k.name = name;
}
// Variables of the device are not reached from the host: cudaMemcpyToSymbol and the like are
// missing here, so a use of them does not link. CUB registers constants of its own.
void __cudaRegisterVar(void**, char*, char*, const char*, int, size_t, int, int) {}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t smem, cudaStream_t stream) {
  state().pushed = pg::ptx::config_of(grid, block, smem, stream);
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* smem, void* stream) {
  *grid = state().pushed.gridDim;
  *block = state().pushed.blockDim;
  *smem = state().pushed.dynamicSmemBytes;
  *static_cast<cudaStream_t*>(stream) = state().pushed.stream;
  return cudaSuccess;
}
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* stub) {
  *kernel = reinterpret_cast<cudaKernel_t>(const_cast<void*>(stub));
  return cudaSuccess;
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void** args, size_t smem,
                               cudaStream_t stream) {
  return pg::ptx::launch(kernel, pg::ptx::config_of(grid, block, smem, stream), args);
}
cudaError_t cudaLaunchKernel(const void* stub, dim3 grid, dim3 block, void** args, size_t smem,
                             cudaStream_t stream) {
  return pg::ptx::launch(stub, pg::ptx::config_of(grid, block, smem, stream), args);
}
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* stub, void** args) {
  return pg::ptx::launch(stub, *config, args);
}

cudaError_t cudaFuncSetAttribute(const void* stub, cudaFuncAttribute attribute, int value) {
  const auto it = state().kernels.find(stub);
  if (it == state().kernels.end()) return state().last = cudaErrorInvalidDeviceFunction;
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
  if (value > pg::ptx::profile().most_shared) return state().last = cudaErrorInvalidValue;
  it->second.most_dynamic = value;
  return cudaSuccess;
}

cudaError_t cudaFuncGetName(const char** name, const void* stub) {
  const auto it = state().kernels.find(stub);
  if (it == state().kernels.end()) return state().last = cudaErrorInvalidDeviceFunction;
  *name = it->second.name.c_str();
  return cudaSuccess;
}

}  // extern "C"
