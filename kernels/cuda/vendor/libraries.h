// libraries.h: the parts of LibraryKernels in a program built with the libraries' headers: their
// handles, the plans made so far, and the memory between launches.
#pragma once

#include <map>

#include "kernels/cuda/device/device_memory.h"
#include "kernels/cuda/vendor/conv_plans.h"
#include "kernels/cuda/vendor/filter_copies.h"
#include "kernels/cuda/vendor/library_kernels.h"
#include "kernels/cuda/vendor/matmul_plans.h"

namespace pg::cuda {

// The choice between the plans of one case.
struct Selection {
  std::string words;   // the key of the autotuner
  int count = 0;       // plans left; 0: the library does not support this
  bool tried = false;  // each plan has run once, and those that failed were erased
  int index = -1;      // the chosen plan; -1: not yet chosen
};

struct ConvEntry {
  std::vector<ConvPlan> plans;
  int64_t workspace = 0;  // of the largest, bytes
  Selection selection;
};

struct MatmulEntry {
  MatmulPlans plans;
  Selection selection;
};

// The three kernels of conv.h as one: x, w and y are those of Conv2dArgs; the result is the one
// that belongs to the pass.
struct ConvJob {
  ConvPass pass;
  ConstTensorView x, w, y;
  ConvGeometry geometry;
  Accumulate accumulate = Accumulate::overwrite;
};

struct LibraryKernels::Libraries {
  explicit Libraries(Queue& q);
  ~Libraries();
  Libraries(const Libraries&) = delete;
  Libraries& operator=(const Libraries&) = delete;

  bool supports(const ConvJob& job);
  void convolve(Autotuner& tuner, const ConvJob& job);
  ConvEntry& conv_entry(const ConvSpec& spec);
  bool supports(const MatmulArgs& args);
  void multiply(Autotuner& tuner, const MatmulArgs& args);
  MatmulEntry& matmul_entry(const MatmulSpec& spec);

  Queue& queue;
  CublasLt lt;  // before cuDNN, whose parts look for it by name
  Cudnn cudnn;
  cudnnHandle_t cudnn_handle = nullptr;  // null: absent
  cublasLtHandle_t lt_handle = nullptr;
  DeviceMemory memory;
  FilterCopies filters;
  std::map<std::array<int64_t, 15>, ConvEntry> convs;
  std::map<std::array<int64_t, 8>, MatmulEntry> products;
};

// Runs each plan once and erases those that cannot run; does nothing in a capture or if done.
// run(i): whether plan i could run.
void try_plans(Queue& queue, Selection& selection, const std::function<bool(int)>& run,
               const std::function<void(int)>& erase);

// The plan to use: the autotuner's choice; in a capture, the first plan if none was chosen before.
int choose_plan(Queue& queue, Autotuner& tuner, Selection& selection,
                const std::function<void(int)>& run);

}  // namespace pg::cuda
