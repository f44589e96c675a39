// absent.cpp: takes the place of the CUDA backend in programs built without it.
#include "kernels/gpu.h"
#include "kernels/planning.h"

namespace pg {

int cuda_device_count(std::string* reason) {
  if (reason != nullptr) *reason = "this program was built without the CUDA backend";
  return 0;
}

// check_gpu throws: there is no GPU.
std::unique_ptr<Backend> make_cuda_backend(int device, MatrixMath, CudaKernels) {
  check_gpu(device);
  return nullptr;
}

std::unique_ptr<PlanningBackend> make_cuda_planner(int device, MatrixMath) {
  check_gpu(device);
  return nullptr;
}

}  // namespace pg
