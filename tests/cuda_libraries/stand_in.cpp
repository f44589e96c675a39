// stand_in.cpp: exactly the functions called by kernels/cuda/vendor.
#include "tests/cuda_libraries/stand_in.h"

#include <cstdlib>

#include "kernels/cuda/conv/wgrad/wgrad_sums.h"
#include "kernels/cuda/device/launchers.h"

namespace {
bool is_captured = false;
}  // namespace

extern "C" {

cudaError_t cudaMalloc(void** p, size_t bytes) {
  *p = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  return cudaSuccess;
}
cudaError_t cudaFree(void* p) {
  std::free(p);
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus* status) {
  *status = is_captured ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = nullptr;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) { return cudaSuccess; }
cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
  *milliseconds = 1.0f;
  return cudaSuccess;
}

}  // extern "C"

namespace pg::test {
void set_capturing(bool capturing) { is_captured = capturing; }
}  // namespace pg::test

namespace pg::cuda {
namespace {

Backend& cpu() {
  static const std::unique_ptr<Backend> backend = make_cpu_backend(1, CpuPath::direct);
  return *backend;
}

// A copy in f32, the CPU's element type.
class Widened {
 public:
  explicit Widened(const ConstTensorView& v)
      : data_(static_cast<size_t>(v.shape.numel())), shape_(v.shape) {
    if (v.dtype == DType::f32) {
      cpu().copy(view(), v);
    } else {
      cpu().convert({.x = v, .y = view()});
    }
  }
  TensorView view() { return {data_.data(), DType::f32, shape_}; }
  void give(const TensorView& y) {
    if (y.dtype == DType::f32) {
      cpu().copy(y, view());
    } else {
      cpu().convert({.x = view(), .y = y});
    }
  }

 private:
  std::vector<float> data_;
  Shape shape_;
};

}  // namespace

void check(cudaError_t status, const char* call, const std::string&) {
  PG_CHECK(status == cudaSuccess, DeviceError, call, " failed");
}

Queue::Queue(int device, MatrixMath math, QueueUse use, const CudaOptions& options)
    : device_(device), math_(math), use_(use), options_(options), scratch_(use) {}
Queue::~Queue() = default;

void upsample(Queue&, const ResampleArgs& a) {
  Widened x(a.x), y(a.y);
  cpu().upsample({.x = x.view(), .y = y.view(), .factor = a.factor, .scale = a.scale});
  y.give(a.y);
}
void avg_pool(Queue&, const ResampleArgs& a) {
  Widened x(a.x), y(a.y);
  cpu().avg_pool({.x = x.view(), .y = y.view(), .factor = a.factor, .scale = a.scale});
  y.give(a.y);
}
void bias_lrelu(Queue&, const BiasLreluArgs& a) {
  Widened x(a.x), y(a.y);
  cpu().bias_lrelu({.x = x.view(), .b = a.b, .y = y.view(), .slope = a.slope});
  y.give(a.y);
}
void leaky_gate(Queue&, const LeakyGateArgs& a) {
  Widened x(a.x), ref(a.ref), y(a.y);
  cpu().leaky_gate({.x = x.view(), .ref = ref.view(), .y = y.view(), .slope = a.slope});
  y.give(a.y);
}
void pixel_norm(Queue&, const PixelNormArgs& a) {
  Widened x(a.x), y(a.y);
  cpu().pixel_norm({.x = x.view(), .y = y.view(), .r = a.r, .eps = a.eps});
  y.give(a.y);
}
void pixel_norm_vjp(Queue&, const PixelNormVjpArgs& a) {
  Widened dy(a.dy), y(a.y), dx(a.dx);
  cpu().pixel_norm_vjp(
      {.dy = dy.view(), .y = y.view(), .r = a.r, .dx = dx.view(), .slope = a.slope});
  dx.give(a.dx);
}
void convert(Queue&, const ConvertArgs& a) { cpu().convert(a); }
void affine(Queue&, const AffineArgs& a) { cpu().affine(a); }

int64_t column_sum_chunks(const ConstTensorView&) { return 1; }
void column_sums(Queue&, const ConstTensorView& x, void* partial) {
  Widened wide(x);
  cpu().reduce_sum({.x = wide.view(), .y = {partial, DType::f32, {1, 1, 1, x.shape.c}}});
}
void sum_bias_grad_partials(Queue&, const Conv2dWeightGradArgs& a, const void* partial, int64_t) {
  cpu().affine({.x = {partial, DType::f32, a.db.shape}, .y = a.db, .accumulate = a.db_accumulate});
}

}  // namespace pg::cuda
