// libraries.cpp: opening them, and what they are called.
#include "kernels/cuda/vendor/libraries.h"

#include <algorithm>

#include "kernels/cuda/autotune/event_timer.h"

namespace pg::cuda {

Vendor::Libraries::Libraries(Queue& q) : queue(q) {
  if (lt.reason.empty()) {
    const cublasStatus_t status = lt.create(&lt_handle);
    if (status != CUBLAS_STATUS_SUCCESS) {
      lt_handle = nullptr;
      lt.reason = message("cuBLASLt does not start: ", lt.status_string(status));
    }
  }
  if (!cudnn.reason.empty()) return;
  cudnnStatus_t status = cudnn.create(&cudnn_handle);
  if (status == CUDNN_STATUS_SUCCESS) status = cudnn.set_stream(cudnn_handle, queue.stream());
  if (status != CUDNN_STATUS_SUCCESS) {
    cudnn_handle = nullptr;
    cudnn.reason = message("cuDNN does not start: ", cudnn.error_string(status));
  }
}

Vendor::Libraries::~Libraries() {
  convs.clear();
  products.clear();
  if (cudnn_handle != nullptr) cudnn.destroy(cudnn_handle);
  if (lt_handle != nullptr) lt.destroy(lt_handle);
}

Vendor::Vendor(Queue& queue) : libraries_(std::make_unique<Libraries>(queue)) {}
Vendor::~Vendor() = default;

std::string Vendor::description() const {
  const Libraries& lib = *libraries_;
  return message(lib.cudnn_handle ? "cuDNN " + lib.cudnn.version() : lib.cudnn.reason, ", ",
                 lib.lt_handle ? "cuBLASLt " + lib.lt.version() : lib.lt.reason);
}

std::string Vendor::versions() const {
  const Libraries& lib = *libraries_;
  std::string all = lib.cudnn_handle ? "cudnn" + lib.cudnn.version() : "";
  if (lib.lt_handle) all += (all.empty() ? "cublaslt" : "-cublaslt") + lib.lt.version();
  return all.empty() ? "none" : all;
}

int settle(Queue& queue, Autotuner& tuner, Selection& selection,
           const std::function<bool(int)>& run, const std::function<void(int)>& erase) {
  if (selection.index >= 0 || is_capturing(queue)) return std::max(selection.index, 0);
  for (int i = 0; i < selection.count;) {
    if (run(i)) {
      ++i;
    } else {
      erase(i);
      --selection.count;
    }
  }
  if (selection.count == 0) return -1;
  selection.index = tuner.choose(selection.words, selection.count, run);
  return selection.index;
}

}  // namespace pg::cuda
