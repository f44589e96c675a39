// vendor_conv.cpp: convolution and its gradients by cuDNN, with resampling, rounding and activation
// as launches of the project around them.
#include <algorithm>

#include "kernels/cuda/conv/wgrad/wgrad_sums.h"
#include "kernels/cuda/device/launchers.h"
#include "kernels/cuda/vendor/libraries.h"
#include "kernels/math.h"

namespace pg::cuda {
namespace {

Shape doubled(const Shape& s) { return {s.n, 2 * s.h, 2 * s.w, s.c}; }

// The convolution between full-resolution images that the mode resamples to or from.
Shape full_x(const ConvJob& job) {
  return job.geometry.mode == ConvMode::up ? doubled(job.x.shape) : job.x.shape;
}
Shape full_y(const ConvJob& job) {
  return job.geometry.mode == ConvMode::down ? doubled(job.y.shape) : job.y.shape;
}

bool is_rounded(const ConvJob& job) { return job.w.dtype != job.x.dtype; }  // f32 filters, bf16

ConvSpec spec_of(const Queue& queue, const ConvJob& job) {
  const bool adds = job.accumulate == Accumulate::add && !is_rounded(job);
  return {.pass = job.pass,
          .dtype = job.x.dtype,
          .math = queue.math(),
          .x = full_x(job),
          .w = job.w.shape,
          .y = full_y(job),
          .pad = job.geometry.pad,
          .alpha = job.geometry.scale,
          .beta = adds ? 1.0 : 0.0};
}

bool takes(const ConvJob& job) {
  constexpr int64_t kTooMany = int64_t{1} << 31;
  const DType t = job.x.dtype;
  return (t == DType::f32 || t == DType::bf16) && job.y.dtype == t &&
         (job.w.dtype == t || job.w.dtype == DType::f32) &&
         is_aligned(job.x.data, job.w.data, job.y.data) && full_x(job).numel() < kTooMany &&
         full_y(job).numel() < kTooMany && job.w.shape.numel() < kTooMany;
}

TensorView writable(const ConstTensorView& v) {
  return {const_cast<void*>(v.data), v.dtype, v.shape};
}

// Where the tensors of the full-resolution convolution lie: in the job's own memory, or pieces of
// scratch memory.
struct Places {
  ConstTensorView x, w, y;
  void* workspace = nullptr;
  void* trial = nullptr;  // a result to spoil while plans are tried, where the own one is added to
  TensorView widened{};   // a rounded weight gradient in f32, where it is added to
};

Places places_of(DeviceMemory& memory, const ConvEntry& entry, const ConvSpec& spec,
                 const ConvJob& job) {
  const bool up = job.geometry.mode == ConvMode::up, down = job.geometry.mode == ConvMode::down;
  Pieces pieces;
  const int64_t workspace = pieces.add(entry.workspace);
  const int64_t x = pieces.add(up ? bytes_of(spec.x, spec.dtype) : 0);
  const int64_t y = pieces.add(down ? bytes_of(spec.y, spec.dtype) : 0);
  const int64_t w = pieces.add(is_rounded(job) ? bytes_of(spec.w, spec.dtype) : 0);
  const bool widens = is_rounded(job) && job.accumulate == Accumulate::add;
  const int64_t widened = pieces.add(widens ? bytes_of(spec.w, DType::f32) : 0);
  const int64_t trial = pieces.add(spec.beta != 0.0 ? bytes_of(spec.w, spec.dtype) : 0);
  char* const base = memory.get(pieces.bytes());
  Places p{.x = job.x, .w = job.w, .y = job.y, .workspace = base + workspace};
  if (up) p.x = {base + x, spec.dtype, spec.x};
  if (down) p.y = {base + y, spec.dtype, spec.y};
  if (is_rounded(job)) p.w = {base + w, spec.dtype, spec.w};
  if (widens) p.widened = {base + widened, DType::f32, spec.w};
  if (spec.beta != 0.0) p.trial = base + trial;
  return p;
}

// What is given, at full resolution and in one element type.
void prepare(Queue& queue, FilterCopies& filters, const ConvJob& job, Places& p) {
  if (p.x.data != job.x.data && job.pass != ConvPass::input_grad) {
    upsample(queue, {.x = job.x, .y = writable(p.x)});
  }
  if (p.y.data != job.y.data && job.pass != ConvPass::forward) {
    upsample(queue, {.x = job.y, .y = writable(p.y), .scale = 0.25});
  }
  if (is_rounded(job) && job.pass != ConvPass::weight_grad) {
    p.w.data = filters.get(queue, job.w, const_cast<void*>(p.w.data));
  }
}

// What was computed, at the resolution and in the element type that were asked for.
void finish(Queue& queue, const ConvJob& job, const Places& p) {
  if (p.x.data != job.x.data && job.pass == ConvPass::input_grad) {
    avg_pool(queue, {.x = p.x, .y = writable(job.x), .scale = 4.0});
  }
  if (p.y.data != job.y.data && job.pass == ConvPass::forward) {
    avg_pool(queue, {.x = p.y, .y = writable(job.y)});
  }
  if (is_rounded(job) && job.pass == ConvPass::weight_grad) {
    convert(queue, {.x = p.w, .y = p.widened ? p.widened : writable(job.w)});
    if (p.widened) {
      affine(queue, {.x = p.widened, .y = writable(job.w), .accumulate = Accumulate::add});
    }
  }
}

}  // namespace

ConvEntry& Vendor::Libraries::conv_entry(const ConvSpec& spec) {
  const auto [entry, is_new] = convs.try_emplace(spec.numbers());
  if (!is_new) return entry->second;
  ConvEntry& e = entry->second;
  e.plans = conv_plans(cudnn, {.handle = cudnn_handle}, spec);
  for (const ConvPlan& plan : e.plans) e.workspace = std::max(e.workspace, plan.workspace);
  e.selection = {.words = spec.words(), .count = static_cast<int>(e.plans.size())};
  return e;
}

bool Vendor::Libraries::convolve(Autotuner& tuner, const ConvJob& job) {
  if (cudnn_handle == nullptr || !takes(job)) return false;
  const ConvSpec spec = spec_of(queue, job);
  ConvEntry& entry = conv_entry(spec);
  if (entry.selection.count == 0) return false;
  Places p = places_of(memory, entry, spec, job);
  prepare(queue, filters, job, p);
  const ConvPointers own{p.x.data, p.w.data, p.y.data, p.workspace};
  ConvPointers trial = own;
  if (p.trial != nullptr) trial.w = p.trial;
  const int plan = settle(
      queue, tuner, entry.selection,
      [&](int i) {
        const ConvPlan& tried = entry.plans[static_cast<size_t>(i)];
        return execute(cudnn, cudnn_handle, tried, trial) == CUDNN_STATUS_SUCCESS;
      },
      [&](int i) { entry.plans.erase(entry.plans.begin() + i); });
  if (plan < 0) return false;
  cudnn.check(execute(cudnn, cudnn_handle, entry.plans[static_cast<size_t>(plan)], own),
              "cudnnBackendExecute");
  finish(queue, job, p);
  return true;
}

bool Vendor::conv2d(Autotuner& tuner, const Conv2dArgs& a) {
  const ConvJob job{
      .pass = ConvPass::forward, .x = a.x, .w = a.w, .y = a.y, .geometry = a.geometry};
  if (!libraries_->convolve(tuner, job)) return false;
  Queue& queue = libraries_->queue;
  if (a.b) bias_lrelu(queue, {.x = a.y, .b = a.b, .y = a.y, .slope = a.slope});
  if (a.r) pixel_norm(queue, {.x = a.y, .y = a.y, .r = a.r, .eps = a.norm_eps});
  if (a.gate) leaky_gate(queue, {.x = a.y, .ref = a.gate, .y = a.y, .slope = a.gate_slope});
  return true;
}

bool Vendor::conv2d_input_grad(Autotuner& tuner, const Conv2dInputGradArgs& a) {
  const ConvJob job{
      .pass = ConvPass::input_grad, .x = a.dx, .w = a.w, .y = a.dy, .geometry = a.geometry};
  if (!libraries_->convolve(tuner, job)) return false;
  finish_input_grad(libraries_->queue, a);
  return true;
}

bool Vendor::conv2d_weight_grad(Autotuner& tuner, const Conv2dWeightGradArgs& a) {
  const ConvJob job{.pass = ConvPass::weight_grad,
                    .x = a.x,
                    .w = a.dw,
                    .y = a.dy,
                    .geometry = a.geometry,
                    .accumulate = a.accumulate};
  if (!libraries_->convolve(tuner, job)) return false;
  if (a.db) {
    const int64_t chunks = column_sum_chunks(a.dy);
    void* const sums = libraries_->memory.get(chunks * bytes_of(a.db));
    column_sums(libraries_->queue, a.dy, sums);
    sum_bias_grad_partials(libraries_->queue, a, sums, chunks);
  }
  return true;
}

}  // namespace pg::cuda
