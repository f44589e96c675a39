// absent.cpp: replaces the CUDA backend in a program built without it.
#include "kernels/backend.h"
#include "kernels/planning.h"

namespace pg {

int cuda_device_count(std::string* reason) {
  if (reason != nullptr) *reason = "this program was built without the CUDA backend";
  return 0;
}

std::unique_ptr<Backend> make_cuda_backend(int, MatrixMath, CudaKernels) {
  throw DeviceError("this program was built without the CUDA backend; use --device cpu");
}

std::unique_ptr<PlanningBackend> make_cuda_planner(int, MatrixMath) {
  throw DeviceError("this program was built without the CUDA backend; use --device cpu");
}

}  // namespace pg
