// libraries.h: what Vendor consists of where the libraries' headers were there: their handles, the
// plans made so far and the memory between launches.
#pragma once

#include <map>

#include "kernels/cuda/device/device_memory.h"
#include "kernels/cuda/vendor/conv_plans.h"
#include "kernels/cuda/vendor/filter_copies.h"
#include "kernels/cuda/vendor/matmul_plans.h"
#include "kernels/cuda/vendor/vendor.h"

namespace pg::cuda {

// Which of several plans for one thing is taken.
struct Selection {
  std::string words;  // the key of the autotuner
  int count = 0;      // plans left; 0: the library does not serve this
  int index = -1;     // the one taken; -1: not yet chosen
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

// The three kernels of conv.h as one: x, w and y are those of Conv2dArgs, and the pass says which
// of them is the result.
struct ConvJob {
  ConvPass pass;
  ConstTensorView x, w, y;
  ConvGeometry geometry;
  Accumulate accumulate = Accumulate::overwrite;
};

struct Vendor::Libraries {
  explicit Libraries(Queue& q);
  ~Libraries();
  Libraries(const Libraries&) = delete;
  Libraries& operator=(const Libraries&) = delete;

  bool convolve(Autotuner& tuner, const ConvJob& job);
  ConvEntry& conv_entry(const ConvSpec& spec);
  bool multiply(Autotuner& tuner, const MatmulArgs& args);
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

// The plan to run, or -1 if none works. The first time, outside of a capture, each plan runs once:
// run(i) says whether it could; erase(i) forgets one that could not. Then the autotuner chooses.
int settle(Queue& queue, Autotuner& tuner, Selection& selection,
           const std::function<bool(int)>& run, const std::function<void(int)>& erase);

}  // namespace pg::cuda
