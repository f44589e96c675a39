// recorder.h: a backend without memory that records the calls made to it, with the launches that
// they would make on a GPU that need not exist.
#pragma once

#include <memory>

#include "bench/model/recorded_call.h"
#include "kernels/planning.h"

namespace pg::bench {

class Recorder : public Backend {
 public:
  // Throws DeviceError if the program was built without CUDA.
  Recorder(const GpuModel& gpu, MatrixMath math)
      : planner_(make_cuda_planner(gpu, math, {}, [this](const PlannedLaunch& launch) {
          if (!calls_.empty()) calls_.back().launches.push_back(launch);
        })) {}

  const std::vector<RecordedCall>& calls() const { return calls_; }
  void clear() { calls_.clear(); }

  const char* name() const override { return planner_->name(); }
  std::string description() const override { return planner_->description(); }
  void* allocate(int64_t bytes) override { return planner_->allocate(bytes); }
  void release(void* p) noexcept override { planner_->release(p); }
  void upload(TensorView dst, const void* src) override { planner_->upload(dst, src); }
  void download(void* dst, ConstTensorView src) override { planner_->download(dst, src); }
  void copy(TensorView dst, ConstTensorView src) override {
    RecordedCall call{.name = "copy"};
    add(call, "x", src);
    add(call, "y", dst);
    call.launches.push_back({});
    calls_.push_back(std::move(call));
    planner_->copy(dst, src);
  }
  void synchronize() override { planner_->synchronize(); }

#define PG_KERNEL(kernel, Args)               \
  void kernel(const Args& args) override {    \
    calls_.push_back(call_of(#kernel, args)); \
    planner_->kernel(args);                   \
  }
#include "kernels/kernels.def"
#undef PG_KERNEL

 private:
  static void add(RecordedCall& call, std::string_view name, const ConstTensorView& view) {
    if (view.data != nullptr) call.operands.push_back({name, view.dtype, view.shape});
  }

  // The large operands of all args structs; the others have a few numbers.
  template <typename Args>
  static RecordedCall call_of(const char* kernel, const Args& args) {
    RecordedCall call{.name = kernel};
    if constexpr (requires { args.geometry.mode; }) call.mode = args.geometry.mode;
#define PG_OPERAND(member) \
  if constexpr (requires { add(call, #member, args.member); }) add(call, #member, args.member);
    PG_OPERAND(x)
    PG_OPERAND(w)
    PG_OPERAND(y)
    PG_OPERAND(a)
    PG_OPERAND(b)
    PG_OPERAND(dy)
    PG_OPERAND(dx)
    PG_OPERAND(dw)
    PG_OPERAND(db)
    PG_OPERAND(gate)
    PG_OPERAND(r)
    PG_OPERAND(g)
    PG_OPERAND(ref)
    PG_OPERAND(lo)
    PG_OPERAND(hi)
    PG_OPERAND(dlo)
    PG_OPERAND(dhi)
    PG_OPERAND(u)
#undef PG_OPERAND
    return call;
  }

  std::vector<RecordedCall> calls_;
  std::unique_ptr<PlanningBackend> planner_;
};

}  // namespace pg::bench
