// cuda_backend.cpp: device selection, memory, copies, and the dispatch of calls to launchers.
#include "kernels/cuda/backend/cuda_backend.h"

#include <algorithm>

#include "kernels/cuda/choice/tensor_candidates.h"
#include "kernels/cuda/device/graph.h"
#include "kernels/cuda/device/launchers.h"
#include "kernels/gpu.h"

namespace pg {
namespace cuda {
namespace {

class CudaGraph : public StepGraph {
 public:
  explicit CudaGraph(cudaStream_t stream) : stream_(stream), graph_(stream) {}
  void replay() override { graph_.launch(stream_); }

 private:
  cudaStream_t stream_;
  Graph graph_;
};

}  // namespace

CudaBackend::CudaBackend(int device, MatrixMath math, CudaKernels kernels,
                         const CudaOptions& options)
    : queue_(device, math, QueueUse::device, options), upload_(queue_) {
  if (kernels != CudaKernels::own) choice_ = std::make_unique<KernelChoice>(queue_, kernels);
}

void CudaBackend::begin_capture() { cuda::begin_capture(queue_.stream()); }

std::unique_ptr<StepGraph> CudaBackend::end_capture() {
  return std::make_unique<CudaGraph>(queue_.stream());
}

CudaBackend::~CudaBackend() { cudaStreamSynchronize(queue_.stream()); }

std::string CudaBackend::description() const {
  cudaDeviceProp properties{};
  PG_CUDA(cudaGetDeviceProperties(&properties, queue_.device()));
  return message(properties.name, ", compute capability ", properties.major, ".", properties.minor,
                 ", ", properties.totalGlobalMem >> 30, " GiB",
                 choice_ ? ", " + choice_->description() : "");
}

void* CudaBackend::allocate(int64_t bytes) {
  PG_ASSERT(bytes >= 0);
  void* p = nullptr;
  PG_CUDA(cudaMalloc(&p, static_cast<size_t>(std::max<int64_t>(bytes, 1))));
  return p;
}

int64_t CudaBackend::free_bytes() const {
  size_t free = 0, total = 0;
  PG_CUDA(cudaMemGetInfo(&free, &total));
  return static_cast<int64_t>(free);
}

int64_t CudaBackend::workspace_bytes() const {
  return queue_.workspace_bytes() + upload_.staging_bytes();
}

void CudaBackend::release(void* p) noexcept { cudaFree(p); }

void CudaBackend::upload(TensorView dst, const void* src) {
  upload_.copy(dst.data, src, bytes_of(dst));
}

void CudaBackend::download(void* dst, ConstTensorView src) {
  PG_CUDA(cudaMemcpyAsync(dst, src.data, static_cast<size_t>(bytes_of(src)), cudaMemcpyDeviceToHost,
                          queue_.stream()));
  PG_CUDA(cudaStreamSynchronize(queue_.stream()));
}

void CudaBackend::copy(TensorView dst, ConstTensorView src) {
  PG_ASSERT(dst.dtype == src.dtype && dst.shape.numel() == src.shape.numel());
  PG_CUDA(cudaMemcpyAsync(dst.data, src.data, static_cast<size_t>(bytes_of(src)),
                          cudaMemcpyDeviceToDevice, queue_.stream()));
}

std::vector<Candidate> CudaBackend::candidates(const Conv2dArgs& args) {
  return tensor_candidates(queue_, args);
}
std::vector<Candidate> CudaBackend::candidates(const Conv2dInputGradArgs& args) {
  return tensor_candidates(queue_, args);
}
std::vector<Candidate> CudaBackend::candidates(const Conv2dWeightGradArgs& args) {
  return tensor_candidates(queue_, args);
}
std::vector<Candidate> CudaBackend::candidates(const MatmulArgs& args) {
  return tensor_candidates(queue_, args);
}

void CudaBackend::synchronize() { PG_CUDA(cudaStreamSynchronize(queue_.stream())); }

template <typename Args>
void CudaBackend::run(void (*launcher)(Queue&, const Args&), const Args& args) {
  if constexpr (HasCandidates<Args>) {
    if (choice_) return choice_->run(args);
  }
  launcher(queue_, args);
}

#define PG_KERNEL(kernel, Args) \
  void CudaBackend::kernel(const Args& args) { run(cuda::kernel, args); }
#include "kernels/kernels.def"
#undef PG_KERNEL

}  // namespace cuda

std::unique_ptr<Backend> make_cuda_backend(int device, MatrixMath math, CudaKernels kernels,
                                           const CudaOptions& options) {
  check_gpu(device);
  return std::make_unique<cuda::CudaBackend>(device, math, kernels, options);
}

void give_up_gpu() {
  cudaDeviceReset();
  cudaGetLastError();
}

}  // namespace pg
