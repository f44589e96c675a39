// alternatives: the ways there are for each kernel, and the choice between them.
#include "kernels/cuda/alternatives.h"

#include <cstdlib>
#include <cstring>

#include "kernels/cuda/event_timer.h"
#include "kernels/cuda/launchers.h"

namespace pg::cuda {
namespace {

Autotune mode_of_environment() {
  const char* value = std::getenv("PROGAN_CUDA_AUTOTUNE");
  return value != nullptr && std::strcmp(value, "off") == 0 ? Autotune::off : Autotune::on;
}

std::string file_of_choices(const Queue& queue, const Vendor& vendor) {
  cudaDeviceProp properties{};
  int driver = 0, runtime = 0;
  PG_CUDA(cudaGetDeviceProperties(&properties, queue.device()));
  PG_CUDA(cudaDriverGetVersion(&driver));
  PG_CUDA(cudaRuntimeGetVersion(&runtime));
  return autotune_path({.device = properties.name,
                        .driver = message(driver),
                        .runtime = message(runtime, "-", vendor.versions())});
}

const char* name_of(ConvMode mode) {
  const char* const names[] = {"same", "up", "down"};
  return names[static_cast<int>(mode)];
}

const char* arithmetic(const Queue& queue, DType dtype) {
  if (dtype == DType::f32 && queue.math() == MatrixMath::tf32) return "tf32";
  return pg::name_of(dtype);
}

// Which kernels can serve, and how fast, depends on alignment too.
const char* alignment(std::initializer_list<const void*> addresses) {
  for (const void* p : addresses) {
    if (reinterpret_cast<uintptr_t>(p) % 16 != 0) return " unaligned";
  }
  return "";
}

std::string key_of(const Queue& queue, const Conv2dArgs& a) {
  return message("conv2d ", name_of(a.geometry.mode), " ", arithmetic(queue, a.x.dtype), " x ",
                 a.x.shape, " w ", a.w.shape, " pad ", a.geometry.pad, a.b ? " bias" : "",
                 alignment({a.x.data, a.w.data, a.y.data}));
}

std::string key_of(const Queue& queue, const Conv2dInputGradArgs& a) {
  return message("conv2d_input_grad ", name_of(a.geometry.mode), " ", arithmetic(queue, a.dx.dtype),
                 " dx ", a.dx.shape, " w ", a.w.shape, " pad ", a.geometry.pad,
                 alignment({a.dx.data, a.w.data, a.dy.data}));
}

std::string key_of(const Queue& queue, const Conv2dWeightGradArgs& a) {
  return message("conv2d_weight_grad ", name_of(a.geometry.mode), " ", arithmetic(queue, a.x.dtype),
                 " x ", a.x.shape, " dw ", a.dw.shape, " pad ", a.geometry.pad,
                 alignment({a.x.data, a.dw.data, a.dy.data}));
}

std::string key_of(const Queue& queue, const MatmulArgs& a) {
  const auto op = [](Transpose t) { return t == Transpose::yes ? "^T " : " "; };
  return message("matmul ", arithmetic(queue, a.a.dtype), " a", op(a.trans_a), a.a.shape, " ",
                 pg::name_of(a.b.dtype), " b", op(a.trans_b), a.b.shape, " into ",
                 pg::name_of(a.y.dtype), alignment({a.a.data, a.b.data, a.y.data}));
}

// The ways, in the order that the file of choices counts them.
constexpr int kVendor = 1, kWays = 2;  // 0: the default launcher

}  // namespace

Alternatives::Alternatives(Queue& queue, CudaKernels kernels)
    : queue_(queue),
      kernels_(kernels),
      vendor_(queue),
      tuner_(mode_of_environment(), std::make_unique<EventTimer>(queue),
             file_of_choices(queue, vendor_)) {}

bool Alternatives::run(const Conv2dArgs& args) {
  if (kernels_ == CudaKernels::vendor) return vendor_.conv2d(tuner_, args);
  const auto way = [&](int i) {
    if (i != kVendor || !vendor_.conv2d(tuner_, args)) conv2d(queue_, args);
  };
  way(tuner_.choose(key_of(queue_, args), kWays, way));
  return true;
}

bool Alternatives::run(const Conv2dInputGradArgs& args) {
  if (kernels_ == CudaKernels::vendor) return vendor_.conv2d_input_grad(tuner_, args);
  const auto way = [&](int i) {
    if (i != kVendor || !vendor_.conv2d_input_grad(tuner_, args)) conv2d_input_grad(queue_, args);
  };
  way(tuner_.choose(key_of(queue_, args), kWays, way));
  return true;
}

bool Alternatives::run(const Conv2dWeightGradArgs& args) {
  if (kernels_ == CudaKernels::vendor) return vendor_.conv2d_weight_grad(tuner_, args);
  if (args.x.dtype != args.dw.dtype) return false;  // cuDNN would round the result
  const auto way = [&](int i, const Conv2dWeightGradArgs& a) {
    if (i != kVendor || !vendor_.conv2d_weight_grad(tuner_, a)) conv2d_weight_grad(queue_, a);
  };
  const std::string key = key_of(queue_, args);
  Conv2dWeightGradArgs trial = args;
  if (args.accumulate == Accumulate::add && tuner_.would_time(key, kWays)) {
    trial.dw.data = trial_results_.get(args.dw.shape.numel() * size_of(args.dw.dtype));
    trial.accumulate = Accumulate::overwrite;
  }
  way(tuner_.choose(key, kWays, [&](int i) { way(i, trial); }), args);
  return true;
}

bool Alternatives::run(const MatmulArgs& args) {
  if (kernels_ == CudaKernels::vendor) return vendor_.matmul(tuner_, args);
  const auto way = [&](int i, const MatmulArgs& a) {
    if (i != kVendor || !vendor_.matmul(tuner_, a)) matmul(queue_, a);
  };
  const std::string key = key_of(queue_, args);
  MatmulArgs trial = args;
  if (args.accumulate == Accumulate::add && tuner_.would_time(key, kWays)) {
    trial.y.data = trial_results_.get(args.y.shape.numel() * size_of(args.y.dtype));
    trial.accumulate = Accumulate::overwrite;
  }
  way(tuner_.choose(key, kWays, [&](int i) { way(i, trial); }), args);
  return true;
}

}  // namespace pg::cuda
