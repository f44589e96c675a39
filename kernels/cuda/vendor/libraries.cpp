// libraries.cpp: opening the libraries, their description, and the choice between plans.
#include "kernels/cuda/vendor/libraries.h"

#include <algorithm>

#include "kernels/cuda/device/graph.h"

namespace pg::cuda {

LibraryKernels::Libraries::Libraries(Queue& q) : queue(q) {
  if (lt.reason.empty()) {
    const cublasStatus_t status = lt.create(&lt_handle);
    if (status != CUBLAS_STATUS_SUCCESS) {
      lt_handle = nullptr;
      lt.reason = message("cuBLASLt failed to start: ", lt.status_string(status));
    }
  }
  if (!cudnn.reason.empty()) return;
  cudnnStatus_t status = cudnn.create(&cudnn_handle);
  if (status == CUDNN_STATUS_SUCCESS) status = cudnn.set_stream(cudnn_handle, queue.stream());
  if (status != CUDNN_STATUS_SUCCESS) {
    cudnn_handle = nullptr;
    cudnn.reason = message("cuDNN failed to start: ", cudnn.error_string(status));
  }
}

LibraryKernels::Libraries::~Libraries() {
  convs.clear();
  products.clear();
  if (cudnn_handle != nullptr) cudnn.destroy(cudnn_handle);
  if (lt_handle != nullptr) lt.destroy(lt_handle);
}

LibraryKernels::LibraryKernels(Queue& queue) : libraries_(std::make_unique<Libraries>(queue)) {}
LibraryKernels::~LibraryKernels() = default;

std::string LibraryKernels::description() const {
  const Libraries& lib = *libraries_;
  return message(lib.cudnn_handle ? "cuDNN " + lib.cudnn.version() : lib.cudnn.reason, ", ",
                 lib.lt_handle ? "cuBLASLt " + lib.lt.version() : lib.lt.reason);
}

std::string LibraryKernels::versions() const {
  const Libraries& lib = *libraries_;
  std::string all = lib.cudnn_handle ? "cudnn" + lib.cudnn.version() : "";
  if (lib.lt_handle) all += (all.empty() ? "cublaslt" : "-cublaslt") + lib.lt.version();
  return all.empty() ? "none" : all;
}

void try_plans(Queue& queue, Selection& selection, const std::function<bool(int)>& run,
               const std::function<void(int)>& erase) {
  if (selection.tried || is_capturing(queue.stream())) return;
  for (int i = 0; i < selection.count;) {
    if (run(i)) {
      ++i;
    } else {
      erase(i);
      --selection.count;
    }
  }
  selection.tried = true;
}

int choose_plan(Queue& queue, Autotuner& tuner, Selection& selection,
                const std::function<void(int)>& run) {
  if (selection.index >= 0 || is_capturing(queue.stream())) return std::max(selection.index, 0);
  selection.index = tuner.choose(selection.words, selection.count, run);
  return selection.index;
}

}  // namespace pg::cuda
