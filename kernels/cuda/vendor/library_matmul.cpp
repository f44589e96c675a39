// library_matmul.cpp: dense products by cuBLASLt.
#include "kernels/cuda/device/graph.h"
#include "kernels/cuda/device/launchers.h"
#include "kernels/cuda/vendor/libraries.h"
#include "kernels/math.h"

namespace pg::cuda {
namespace {

// cuBLASLt requires one type for both factors: bf16 if either is bf16.
MatmulSpec spec_of(const Queue& queue, const MatmulArgs& a) {
  const bool narrow = a.a.dtype == DType::bf16 || a.b.dtype == DType::bf16;
  return {.m = a.y.shape.pixels(),
          .j = a.y.shape.c,
          .l = a.trans_a == Transpose::no ? a.a.shape.c : a.a.shape.pixels(),
          .trans_a = a.trans_a,
          .trans_b = a.trans_b,
          .factors = narrow ? DType::bf16 : DType::f32,
          .result = a.y.dtype,
          .math = queue.math()};
}

bool is_supported(const MatmulSpec& spec, const MatmulArgs& a) {
  constexpr int64_t kTooMany = int64_t{1} << 31;
  const auto fits = [](const ConstTensorView& v) {
    return (v.dtype == DType::f32 || v.dtype == DType::bf16) && is_aligned(v.data) &&
           v.shape.numel() < kTooMany;
  };
  return fits(a.a) && fits(a.b) && fits(a.y) &&
         (spec.factors == DType::bf16 || spec.result == DType::f32);
}

double beta_of(const MatmulArgs& args) { return args.accumulate == Accumulate::add ? 1.0 : 0.0; }

struct Operands {
  MatmulPointers own;
  MatmulPointers trial;  // with a result in scratch memory if the call adds to its own
};

// Rounds factors to their common type, in scratch memory.
Operands round_factors(Queue& queue, DeviceMemory& memory, const MatmulSpec& spec,
                       int64_t workspace_bytes, const MatmulArgs& args) {
  const bool adds = args.accumulate == Accumulate::add;
  const auto rounded_bytes = [&](const ConstTensorView& v) {
    return v.dtype == spec.factors ? 0 : bytes_of(v.shape, spec.factors);
  };
  BufferLayout layout;
  const int64_t workspace = layout.add(workspace_bytes);
  const int64_t a = layout.add(rounded_bytes(args.a)), b = layout.add(rounded_bytes(args.b));
  const int64_t trial = layout.add(adds ? bytes_of(args.y) : 0);
  char* const base = memory.get(layout.bytes());
  const auto factor = [&](const ConstTensorView& v, int64_t offset) -> const void* {
    if (v.dtype == spec.factors) return v.data;
    convert(queue, {.x = v, .y = {base + offset, spec.factors, v.shape}});
    return base + offset;
  };
  Operands p{.own = {factor(args.a, a), factor(args.b, b), args.y.data, base + workspace},
             .trial = {}};
  p.trial = p.own;
  if (adds) p.trial.y = base + trial;
  return p;
}

}  // namespace

MatmulEntry& LibraryKernels::Libraries::matmul_entry(const MatmulSpec& spec) {
  constexpr int kAlgorithms = 4;
  constexpr int64_t kWorkspace = int64_t{32} << 20;
  const auto found = products.find(spec.numbers());
  if (found != products.end()) return found->second;
  MatmulPlans plans(lt, lt_handle, spec, kAlgorithms, kWorkspace);
  Selection selection{.words = spec.words(), .count = plans.count()};
  MatmulEntry entry{std::move(plans), std::move(selection)};
  return products.emplace(spec.numbers(), std::move(entry)).first->second;
}

bool LibraryKernels::Libraries::supports(const MatmulArgs& args) {
  const MatmulSpec spec = spec_of(queue, args);
  if (lt_handle == nullptr || !is_supported(spec, args)) return false;
  MatmulEntry& entry = matmul_entry(spec);
  if (entry.selection.tried || entry.selection.count == 0 || is_capturing(queue.stream())) {
    return entry.selection.count > 0;
  }
  const Operands p = round_factors(queue, memory, spec, entry.plans.workspace(), args);
  try_plans(
      queue, entry.selection,
      [&](int i) {
        return entry.plans.run(i, args.scale, beta_of(args), p.trial, queue.stream()) ==
               CUBLAS_STATUS_SUCCESS;
      },
      [&](int i) { entry.plans.erase(i); });
  return entry.selection.count > 0;
}

void LibraryKernels::Libraries::multiply(Autotuner& tuner, const MatmulArgs& args) {
  const MatmulSpec spec = spec_of(queue, args);
  MatmulEntry& entry = matmul_entry(spec);
  PG_ASSERT(entry.selection.count > 0);
  const Operands p = round_factors(queue, memory, spec, entry.plans.workspace(), args);
  const auto run = [&](int i, const MatmulPointers& pointers) {
    lt.check(entry.plans.run(i, args.scale, beta_of(args), pointers, queue.stream()),
             "cublasLtMatmul");
  };
  run(choose_plan(queue, tuner, entry.selection, [&](int i) { run(i, p.trial); }), p.own);
}

bool LibraryKernels::supports(const MatmulArgs& args) { return libraries_->supports(args); }
void LibraryKernels::run(Autotuner& tuner, const MatmulArgs& args) {
  libraries_->multiply(tuner, args);
}

}  // namespace pg::cuda
