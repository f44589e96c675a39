// library_conv.cpp: convolution and its gradients by cuDNN, between the project's own launches for
// resampling, rounding and activation.
#include <algorithm>

#include "kernels/cuda/conv/wgrad/wgrad_sums.h"
#include "kernels/cuda/device/graph.h"
#include "kernels/cuda/norm/norm_and_gate.h"
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

bool is_supported(const ConvJob& job) {
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

// The tensors of the full-resolution convolution, in the job's own memory or in scratch memory.
struct Operands {
  ConstTensorView x, w, y;
  void* workspace = nullptr;
  void* trial = nullptr;  // receives the results of trials if the job adds to its result
  TensorView widened{};   // a rounded weight gradient in f32, if it is added to the result

  ConvPointers pointers() const { return {x.data, w.data, y.data, workspace}; }
  ConvPointers trial_pointers() const {
    return {x.data, trial != nullptr ? trial : w.data, y.data, workspace};
  }
};

Operands operands_of(DeviceMemory& memory, const ConvEntry& entry, const ConvSpec& spec,
                     const ConvJob& job) {
  const bool up = job.geometry.mode == ConvMode::up, down = job.geometry.mode == ConvMode::down;
  BufferLayout layout;
  const int64_t workspace = layout.add(entry.workspace);
  const int64_t x = layout.add(up ? bytes_of(spec.x, spec.dtype) : 0);
  const int64_t y = layout.add(down ? bytes_of(spec.y, spec.dtype) : 0);
  const int64_t w = layout.add(is_rounded(job) ? bytes_of(spec.w, spec.dtype) : 0);
  const bool widens = is_rounded(job) && job.accumulate == Accumulate::add;
  const int64_t widened = layout.add(widens ? bytes_of(spec.w, DType::f32) : 0);
  const int64_t trial = layout.add(spec.beta != 0.0 ? bytes_of(spec.w, spec.dtype) : 0);
  char* const base = memory.get(layout.bytes());
  Operands p{.x = job.x, .w = job.w, .y = job.y, .workspace = base + workspace};
  if (up) p.x = {base + x, spec.dtype, spec.x};
  if (down) p.y = {base + y, spec.dtype, spec.y};
  if (is_rounded(job)) p.w = {base + w, spec.dtype, spec.w};
  if (widens) p.widened = {base + widened, DType::f32, spec.w};
  if (spec.beta != 0.0) p.trial = base + trial;
  return p;
}

// Brings the inputs to full resolution and to one element type.
void resample_and_round_inputs(Queue& queue, FilterCopies& filters, const ConvJob& job,
                               Operands& p) {
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

// Brings the result to the job's resolution and element type.
void resample_and_widen_result(Queue& queue, const ConvJob& job, const Operands& p) {
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

ConvEntry& LibraryKernels::Libraries::conv_entry(const ConvSpec& spec) {
  const auto [entry, is_new] = convs.try_emplace(spec.numbers());
  if (!is_new) return entry->second;
  ConvEntry& e = entry->second;
  e.plans = conv_plans(cudnn, {.handle = cudnn_handle}, spec);
  for (const ConvPlan& plan : e.plans) e.workspace = std::max(e.workspace, plan.workspace);
  e.selection = {.words = spec.words(), .count = static_cast<int>(e.plans.size())};
  return e;
}

bool LibraryKernels::Libraries::supports(const ConvJob& job) {
  if (cudnn_handle == nullptr || !is_supported(job)) return false;
  const ConvSpec spec = spec_of(queue, job);
  ConvEntry& entry = conv_entry(spec);
  if (entry.selection.tried || entry.selection.count == 0 || is_capturing(queue.stream())) {
    return entry.selection.count > 0;
  }
  Operands p = operands_of(memory, entry, spec, job);
  resample_and_round_inputs(queue, filters, job, p);
  try_plans(
      queue, entry.selection,
      [&](int i) {
        const ConvPlan& plan = entry.plans[static_cast<size_t>(i)];
        return execute(cudnn, cudnn_handle, plan, p.trial_pointers()) == CUDNN_STATUS_SUCCESS;
      },
      [&](int i) { entry.plans.erase(entry.plans.begin() + i); });
  return entry.selection.count > 0;
}

void LibraryKernels::Libraries::convolve(Autotuner& tuner, const ConvJob& job) {
  const ConvSpec spec = spec_of(queue, job);
  ConvEntry& entry = conv_entry(spec);
  PG_ASSERT(entry.selection.count > 0);
  Operands p = operands_of(memory, entry, spec, job);
  resample_and_round_inputs(queue, filters, job, p);
  const auto run = [&](int i, const ConvPointers& pointers) {
    const ConvPlan& plan = entry.plans[static_cast<size_t>(i)];
    cudnn.check(execute(cudnn, cudnn_handle, plan, pointers), "cudnnBackendExecute");
  };
  const int plan =
      choose_plan(queue, tuner, entry.selection, [&](int i) { run(i, p.trial_pointers()); });
  run(plan, p.pointers());
  resample_and_widen_result(queue, job, p);
}

namespace {

ConvJob job_of(const Conv2dArgs& a) {
  return {.pass = ConvPass::forward, .x = a.x, .w = a.w, .y = a.y, .geometry = a.geometry};
}

ConvJob job_of(const Conv2dInputGradArgs& a) {
  return {.pass = ConvPass::input_grad, .x = a.dx, .w = a.w, .y = a.dy, .geometry = a.geometry};
}

ConvJob job_of(const Conv2dWeightGradArgs& a) {
  return {.pass = ConvPass::weight_grad,
          .x = a.x,
          .w = a.dw,
          .y = a.dy,
          .geometry = a.geometry,
          .accumulate = a.accumulate};
}

}  // namespace

bool LibraryKernels::supports(const Conv2dArgs& a) { return libraries_->supports(job_of(a)); }
bool LibraryKernels::supports(const Conv2dInputGradArgs& a) {
  return libraries_->supports(job_of(a));
}
bool LibraryKernels::supports(const Conv2dWeightGradArgs& a) {
  return libraries_->supports(job_of(a));
}

void LibraryKernels::run(Autotuner& tuner, const Conv2dArgs& a) {
  libraries_->convolve(tuner, job_of(a));
  Queue& queue = libraries_->queue;
  if (a.b) bias_lrelu(queue, {.x = a.y, .b = a.b, .y = a.y, .slope = a.slope});
  norm_and_gate(queue, a);
}

void LibraryKernels::run(Autotuner& tuner, const Conv2dInputGradArgs& a) {
  libraries_->convolve(tuner, job_of(a));
  norm_and_gate(libraries_->queue, a);
}

void LibraryKernels::run(Autotuner& tuner, const Conv2dWeightGradArgs& a) {
  libraries_->convolve(tuner, job_of(a));
  if (!a.db) return;
  const int64_t chunks = column_sum_chunks(a.dy);
  void* const sums = libraries_->memory.get(chunks * bytes_of(a.db));
  column_sums(libraries_->queue, a.dy, sums);
  sum_bias_grad_partials(libraries_->queue, a, sums, chunks);
}

}  // namespace pg::cuda
