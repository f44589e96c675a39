// cuda_backend.cpp: device selection, memory and copies of the CUDA backend.
#include "kernels/cuda/device/cuda_backend.h"

#include "kernels/cuda/conv/filters/packed_filters.h"
#include "kernels/cuda/device/launchers.h"

namespace pg {
namespace cuda {
void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // an error that is not sticky must not be reported again by the next call
  if (status == cudaErrorMemoryAllocation) {
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw OutOfMemoryError(message("the GPU has no memory left (", free >> 20, " of ", total >> 20,
                                   " MiB are free), choose a smaller minibatch or resolution"));
  }
  throw DeviceError(message("CUDA: ", cudaGetErrorString(status), " (in ", call, ")"));
}

Queue::Queue(int device, MatrixMath math, QueueUse use)
    : device_(device), math_(math), use_(use), forms_(std::make_unique<PackedFilters>(use)) {
  PG_CUDA(cudaSetDevice(device));
  int value = 0;
  PG_CUDA(cudaDeviceGetAttribute(&processors_, cudaDevAttrMultiProcessorCount, device));
  PG_CUDA(cudaDeviceGetAttribute(&value, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  smem_per_block_ = value;
  if (!measures()) PG_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
}

Queue::~Queue() {
  if (measures()) return;
  for (void* p : buffers_) cudaFree(p);
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}

void* Queue::scratch(int64_t bytes) {
  if (bytes > scratch_bytes_) {
    constexpr int64_t kUnit = 1 << 20;
    const int64_t rounded = (bytes + kUnit - 1) / kUnit * kUnit;
    void* p = kNowhere;
    if (!measures()) PG_CUDA(cudaMalloc(&p, static_cast<size_t>(rounded)));
    buffers_.push_back(p);
    scratch_bytes_ = rounded;
    held_bytes_ += rounded;
  }
  return buffers_.empty() ? nullptr : buffers_.back();
}

int64_t Queue::workspace_bytes() const { return held_bytes_ + forms_->bytes(); }

namespace {

class CudaGraph : public StepGraph {
 public:
  CudaGraph(cudaStream_t stream, cudaGraph_t graph) : stream_(stream) {
    const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    check(status, "cudaGraphInstantiate");
  }
  ~CudaGraph() override { cudaGraphExecDestroy(executable_); }
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;

  void replay() override { PG_CUDA(cudaGraphLaunch(executable_, stream_)); }

 private:
  cudaStream_t stream_;
  cudaGraphExec_t executable_ = nullptr;
};

}  // namespace

CudaBackend::CudaBackend(int device, MatrixMath math, CudaKernels kernels)
    : queue_(device, math), upload_(queue_) {
  if (kernels != CudaKernels::own) alternatives_ = std::make_unique<Alternatives>(queue_, kernels);
}

void CudaBackend::begin_capture() {
  PG_CUDA(cudaStreamBeginCapture(queue_.stream(), cudaStreamCaptureModeThreadLocal));
}

std::unique_ptr<StepGraph> CudaBackend::end_capture() {
  cudaGraph_t graph = nullptr;
  PG_CUDA(cudaStreamEndCapture(queue_.stream(), &graph));
  return std::make_unique<CudaGraph>(queue_.stream(), graph);
}

CudaBackend::~CudaBackend() { cudaStreamSynchronize(queue_.stream()); }

std::string CudaBackend::description() const {
  cudaDeviceProp properties{};
  PG_CUDA(cudaGetDeviceProperties(&properties, queue_.device()));
  return message(properties.name, ", compute capability ", properties.major, ".", properties.minor,
                 ", ", properties.totalGlobalMem >> 30, " GiB",
                 alternatives_ ? ", " + alternatives_->description() : "");
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

void CudaBackend::synchronize() { PG_CUDA(cudaStreamSynchronize(queue_.stream())); }

#define PG_KERNEL(kernel, Args)                            \
  void CudaBackend::kernel(const Args& args) {             \
    if (alternatives_ && alternatives_->run(args)) return; \
    cuda::kernel(queue_, args);                            \
  }
#include "kernels/kernels.def"
#undef PG_KERNEL

}  // namespace cuda

namespace {

std::string why_no_gpu(cudaError_t status) {
  if (status != cudaErrorInsufficientDriver) return cudaGetErrorString(status);
  int version = 0;
  if (cudaDriverGetVersion(&version) != cudaSuccess || version == 0) {
    return "no NVIDIA driver is installed";
  }
  return message("the NVIDIA driver serves CUDA ", version / 1000, ".", version % 1000 / 10,
                 " and this program needs ", CUDART_VERSION / 1000, ".0, update the driver");
}

}  // namespace

int cuda_device_count(std::string* reason) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return count;
  cudaGetLastError();
  if (reason != nullptr) {
    *reason = status == cudaSuccess ? "no GPU answers" : why_no_gpu(status);
  }
  return 0;
}

std::unique_ptr<Backend> make_cuda_backend(int device, MatrixMath math, CudaKernels kernels) {
  std::string reason;
  const int count = cuda_device_count(&reason);
  PG_CHECK(count > 0, DeviceError, reason, ", use --device cpu");
  PG_CHECK(device >= 0 && device < count, DeviceError, "there is no GPU ", device, ", there ",
           count == 1 ? "is one, 0" : message("are 0 to ", count - 1));
  return std::make_unique<cuda::CudaBackend>(device, math, kernels);
}

}  // namespace pg
