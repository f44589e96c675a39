// vendor_matmul.cpp: dense products by cuBLASLt.
#include "kernels/cuda/device/launchers.h"
#include "kernels/cuda/vendor/libraries.h"
#include "kernels/math.h"

namespace pg::cuda {
namespace {

// cuBLASLt wants both factors in one type: bf16 if either is.
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

bool takes(const MatmulSpec& spec, const MatmulArgs& a) {
  constexpr int64_t kTooMany = int64_t{1} << 31;
  const auto fits = [](const ConstTensorView& v) {
    return (v.dtype == DType::f32 || v.dtype == DType::bf16) && is_aligned(v.data) &&
           v.shape.numel() < kTooMany;
  };
  return fits(a.a) && fits(a.b) && fits(a.y) &&
         (spec.factors == DType::bf16 || spec.result == DType::f32);
}

struct Places {
  MatmulPointers own;
  MatmulPointers trial;  // with a result to spoil, where the own one is added to
};

// Rounds what has to be rounded into scratch memory.
Places prepare(Queue& queue, DeviceMemory& memory, const MatmulSpec& spec, int64_t workspace_bytes,
               const MatmulArgs& args) {
  const bool adds = args.accumulate == Accumulate::add;
  const auto rounded_bytes = [&](const ConstTensorView& v) {
    return v.dtype == spec.factors ? 0 : bytes_of(v.shape, spec.factors);
  };
  Pieces pieces;
  const int64_t workspace = pieces.add(workspace_bytes);
  const int64_t a = pieces.add(rounded_bytes(args.a)), b = pieces.add(rounded_bytes(args.b));
  const int64_t trial = pieces.add(adds ? bytes_of(args.y) : 0);
  char* const base = memory.get(pieces.bytes());
  const auto factor = [&](const ConstTensorView& v, int64_t offset) -> const void* {
    if (v.dtype == spec.factors) return v.data;
    convert(queue, {.x = v, .y = {base + offset, spec.factors, v.shape}});
    return base + offset;
  };
  Places p{.own = {factor(args.a, a), factor(args.b, b), args.y.data, base + workspace},
           .trial = {}};
  p.trial = p.own;
  if (adds) p.trial.y = base + trial;
  return p;
}

}  // namespace

MatmulEntry& Vendor::Libraries::matmul_entry(const MatmulSpec& spec) {
  constexpr int kAlgorithms = 4;
  constexpr int64_t kWorkspace = int64_t{32} << 20;
  const auto found = products.find(spec.numbers());
  if (found != products.end()) return found->second;
  MatmulPlans plans(lt, lt_handle, spec, kAlgorithms, kWorkspace);
  Selection selection{.words = spec.words(), .count = plans.count()};
  MatmulEntry entry{std::move(plans), std::move(selection)};
  return products.emplace(spec.numbers(), std::move(entry)).first->second;
}

bool Vendor::Libraries::multiply(Autotuner& tuner, const MatmulArgs& args) {
  const MatmulSpec spec = spec_of(queue, args);
  if (lt_handle == nullptr || !takes(spec, args)) return false;
  MatmulEntry& entry = matmul_entry(spec);
  if (entry.selection.count == 0) return false;
  const Places p = prepare(queue, memory, spec, entry.plans.workspace(), args);
  const auto run = [&](int i, const MatmulPointers& pointers) {
    const double beta = args.accumulate == Accumulate::add ? 1.0 : 0.0;
    return entry.plans.run(i, args.scale, beta, pointers, queue.stream());
  };
  const int plan = settle(
      queue, tuner, entry.selection,
      [&](int i) { return run(i, p.trial) == CUBLAS_STATUS_SUCCESS; },
      [&](int i) { entry.plans.erase(i); });
  if (plan < 0) return false;
  lt.check(run(plan, p.own), "cublasLtMatmul");
  return true;
}

bool Vendor::matmul(Autotuner& tuner, const MatmulArgs& args) {
  return libraries_->multiply(tuner, args);
}

}  // namespace pg::cuda
