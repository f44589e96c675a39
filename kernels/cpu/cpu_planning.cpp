// cpu_planning.cpp: a CPU without memory; the fast path records the working memory of its calls.
#include "kernels/cpu/cpu_backend.h"
#include "kernels/planning.h"
#include "kernels/system_memory.h"

namespace pg {
namespace cpu {
namespace {

// The little memory that direct loops and oneDNN hold while a kernel runs is not counted.
class CpuPlanning : public PlanningBackend {
 public:
  CpuPlanning(int threads, CpuPath path) {
    const int used = threads == 0 ? usable_cores() : threads;
    if (path == CpuPath::fast) fast_ = std::make_unique<FastPath>(used, ScratchUse::measure);
  }

  const char* name() const override { return "cpu"; }
  std::string description() const override { return "CPU, planning only"; }
  int64_t free_bytes() const override { return available_memory(); }
  int64_t workspace_bytes() const override { return fast_ ? fast_->bytes() : 0; }
  bool backs_on_touch() const override { return true; }

  void conv2d(const Conv2dArgs& args) override {
    if (fast_) fast_->conv2d(args);
  }
  void conv2d_input_grad(const Conv2dInputGradArgs& args) override {
    if (fast_) fast_->conv2d_input_grad(args);
  }
  void conv2d_weight_grad(const Conv2dWeightGradArgs& args) override {
    if (fast_) fast_->conv2d_weight_grad(args);
  }
  void matmul(const MatmulArgs& args) override {
    if (fast_) fast_->matmul(args);
  }

 private:
  std::unique_ptr<FastPath> fast_;
};

}  // namespace
}  // namespace cpu

std::unique_ptr<PlanningBackend> make_cpu_planner(int threads, CpuPath path) {
  return std::make_unique<cpu::CpuPlanning>(threads, path);
}

}  // namespace pg
