// kernel_choice.cpp: the candidates of each call, and the choice between them.
#include "kernels/cuda/choice/kernel_choice.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "kernels/cuda/autotune/event_timer.h"
#include "kernels/cuda/conv/fprop/fprop.h"
#include "kernels/cuda/conv/rgb/rgb_fprop.h"
#include "kernels/cuda/conv/rgb/rgb_wgrad.h"
#include "kernels/cuda/conv/wgrad/wgrad.h"
#include "kernels/cuda/device/launchers.h"
#include "kernels/math.h"

namespace pg::cuda {
namespace {

Autotune mode_of_environment() {
  const char* value = std::getenv("PROGAN_CUDA_AUTOTUNE");
  return value != nullptr && std::strcmp(value, "off") == 0 ? Autotune::off : Autotune::on;
}

std::string file_of_choices(const Queue& queue, const LibraryKernels& libraries) {
  cudaDeviceProp properties{};
  int driver = 0, runtime = 0;
  PG_CUDA(cudaGetDeviceProperties(&properties, queue.device()));
  PG_CUDA(cudaDriverGetVersion(&driver));
  PG_CUDA(cudaRuntimeGetVersion(&runtime));
  return autotune_path({.device = properties.name,
                        .driver = message(driver),
                        .runtime = message(runtime, "-", libraries.versions())});
}

int64_t cache_bytes_of(int device) {
  int bytes = 0;
  PG_CUDA(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, device));
  return bytes;
}

const char* name_of(ConvMode mode) {
  const char* const names[] = {"same", "up", "down"};
  return names[static_cast<int>(mode)];
}

const char* arithmetic(const Queue& queue, DType dtype) {
  if (dtype == DType::f32 && queue.math() == MatrixMath::tf32) return "tf32";
  return pg::name_of(dtype);
}

// Alignment also decides which kernels support a call, and how fast they are.
const char* alignment(std::initializer_list<const void*> addresses) {
  for (const void* p : addresses) {
    if (!is_aligned(p)) return " unaligned";
  }
  return "";
}

std::string key_of(const Queue& queue, const Conv2dArgs& a) {
  return message("conv2d ", name_of(a.geometry.mode), " ", arithmetic(queue, a.x.dtype), " x ",
                 a.x.shape, " w ", a.w.shape, " pad ", a.geometry.pad, a.b ? " bias" : "",
                 a.r ? " norm" : "", a.gate ? " gate" : "",
                 alignment({a.x.data, a.w.data, a.y.data, a.gate.data}));
}

std::string key_of(const Queue& queue, const Conv2dInputGradArgs& a) {
  return message("conv2d_input_grad ", name_of(a.geometry.mode), " ", arithmetic(queue, a.dx.dtype),
                 " dx ", a.dx.shape, " w ", a.w.shape, " pad ", a.geometry.pad, a.r ? " norm" : "",
                 a.gate ? " gate" : "", alignment({a.dx.data, a.w.data, a.dy.data}));
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

// Other candidates have another key.
std::string left_out_of(const Queue& queue) {
  const TensorKernels set = queue.options().left_out;
  return set.empty() ? "" : " without " + set.text();
}

// Whether a call that may use tensor cores may be given to a library: not if the project's own
// family for it is skipped.
bool trusts(const Queue& queue, TensorFamily family, DType t) {
  const bool tensor = t == DType::bf16 || (t == DType::f32 && queue.math() == MatrixMath::tf32);
  return !tensor || queue.uses(family, t);
}
bool trusts(const Queue& q, const Conv2dArgs& a) {
  return trusts(q, TensorFamily::fprop, a.x.dtype);
}
bool trusts(const Queue& q, const Conv2dInputGradArgs& a) {
  return trusts(q, TensorFamily::fprop, a.dy.dtype);
}
bool trusts(const Queue& q, const Conv2dWeightGradArgs& a) {
  return trusts(q, TensorFamily::wgrad, a.x.dtype);
}
bool trusts(const Queue& q, const MatmulArgs& a) {
  const bool f64 = a.a.dtype == DType::f64;
  const bool bf16 = a.a.dtype == DType::bf16 || a.b.dtype == DType::bf16;
  return trusts(q, TensorFamily::matmul, f64 ? DType::f64 : bf16 ? DType::bf16 : DType::f32);
}

// One name for the launchers.
void launch_default(Queue& queue, const Conv2dArgs& a) { conv2d(queue, a); }
void launch_default(Queue& queue, const Conv2dInputGradArgs& a) { conv2d_input_grad(queue, a); }
void launch_default(Queue& queue, const Conv2dWeightGradArgs& a) { conv2d_weight_grad(queue, a); }
void launch_default(Queue& queue, const MatmulArgs& a) { matmul(queue, a); }

// Whether a library computes as precisely as the project's kernel.
template <typename Args>
bool is_as_precise(const Args&) {
  return true;
}
bool is_as_precise(const Conv2dWeightGradArgs& a) { return a.x.dtype == a.dw.dtype; }

// The tiles of the project's own kernel that the launcher does not choose, in a fixed order.
template <typename Args>
std::vector<std::function<void(const Args&)>> other_tiles(Queue& queue, const Args& a,
                                                          const Shape& w, DType dtype) {
  std::vector<std::function<void(const Args&)>> list;
  if (rgb_supports(w, a.geometry) || !fprop_supports(queue, dtype, w, a.geometry)) return list;
  const FpropProblem problem = FpropProblem::of(a);
  const int chosen = default_fprop(queue, problem);
  for (const FpropCandidate& candidate : fprop_candidates(queue, problem)) {
    if (candidate.index == chosen) continue;
    list.push_back([&queue, i = candidate.index](const Args& args) {
      run_fprop(queue, FpropProblem::of(args), i);
    });
  }
  return list;
}
auto other_tiles(Queue& queue, const Conv2dArgs& a) {
  return other_tiles(queue, a, a.w.shape, a.x.dtype);
}
auto other_tiles(Queue& queue, const Conv2dInputGradArgs& a) {
  return other_tiles(queue, a, a.w.shape, a.dy.dtype);
}
std::vector<std::function<void(const Conv2dWeightGradArgs&)>> other_tiles(
    Queue& queue, const Conv2dWeightGradArgs& a) {
  std::vector<std::function<void(const Conv2dWeightGradArgs&)>> list;
  if (rgb_wgrad_supports(a) || !wgrad_supports(queue, a)) return list;
  const std::vector<WgradCandidate> all = wgrad_candidates(queue, wgrad_problem(a));
  constexpr size_t kMost = 6;  // they are sorted by estimated time
  for (size_t i = 1; i < std::min(all.size(), kMost); ++i) {
    list.push_back([&queue, candidate = all[i]](const Conv2dWeightGradArgs& args) {
      run_wgrad(queue, args, candidate);
    });
  }
  return list;
}
std::vector<std::function<void(const MatmulArgs&)>> other_tiles(Queue&, const MatmulArgs&) {
  return {};
}

}  // namespace

KernelChoice::KernelChoice(Queue& queue, CudaKernels kernels)
    : queue_(queue),
      kernels_(kernels),
      libraries_(queue),
      tuner_(mode_of_environment(), std::make_unique<EventTimer>(queue),
             file_of_choices(queue, libraries_)),
      cache_bytes_(cache_bytes_of(queue.device())) {}

template <HasCandidates Args>
void KernelChoice::run(const Args& args) {
  if (kernels_ == CudaKernels::fastest) return run_fastest(args);
  if (trusts(queue_, args) && libraries_.supports(args)) return libraries_.run(tuner_, args);
  launch_default(queue_, args);
}

template <typename Args>
void KernelChoice::run_fastest(const Args& args) {
  Chosen<Args>& chosen = std::get<Chosen<Args>>(chosen_);
  const std::string key = key_of(queue_, args) + left_out_of(queue_);
  auto found = chosen.find(key);
  if (found == chosen.end()) {
    const std::vector<Candidate<Args>> list = candidates(args);
    const auto count = static_cast<int>(list.size());
    DeviceMemory memory;
    std::vector<Args> trial;
    if (tuner_.would_time(key, count)) trial = trials(queue_, memory, args, cache_bytes_);
    size_t next = 0;
    const int index = tuner_.choose(
        key, count, [&](int i) { list[static_cast<size_t>(i)](trial[next++ % trial.size()]); });
    const Candidate<Args>& candidate = list[static_cast<size_t>(index)];
    if (is_capturing(queue_.stream()))
      return candidate(args);  // to be chosen outside of the capture
    found = chosen.emplace(key, candidate).first;
  }
  found->second(args);
}

template <typename Args>
std::vector<KernelChoice::Candidate<Args>> KernelChoice::candidates(const Args& args) {
  std::vector<Candidate<Args>> list{[this](const Args& a) { launch_default(queue_, a); }};
  for (Candidate<Args>& tile : other_tiles(queue_, args)) list.push_back(std::move(tile));
  if (is_as_precise(args) && trusts(queue_, args) && libraries_.supports(args)) {
    list.push_back([this](const Args& a) { libraries_.run(tuner_, a); });
  }
  return list;
}

template void KernelChoice::run(const Conv2dArgs&);
template void KernelChoice::run(const Conv2dInputGradArgs&);
template void KernelChoice::run(const Conv2dWeightGradArgs&);
template void KernelChoice::run(const MatmulArgs&);

}  // namespace pg::cuda
