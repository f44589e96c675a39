// absent.cpp: takes the place of the CUDA backend in programs built without it.
#include "kernels/gpu.h"
#include "kernels/planning.h"

namespace pg {

GpuSearch find_gpus() {
  return {.gpus = {}, .problem = "this program was built without the CUDA backend"};
}

void give_up_gpu() {}

int cuda_device_count(std::string* reason) {
  if (reason != nullptr) *reason = find_gpus().problem;
  return 0;
}

// check_gpu throws: there is no GPU.
GpuDetails gpu_details(int index) {
  check_gpu(index);
  return {};
}

std::unique_ptr<Backend> make_cuda_backend(int device, MatrixMath, CudaKernels,
                                           const CudaOptions&) {
  check_gpu(device);
  return nullptr;
}

std::unique_ptr<PlanningBackend> make_cuda_planner(int device, MatrixMath, const CudaOptions&) {
  check_gpu(device);
  return nullptr;
}

std::unique_ptr<PlanningBackend> make_cuda_planner(const GpuModel& gpu, MatrixMath,
                                                   const CudaOptions&, LaunchListener) {
  throw DeviceError(message("cannot plan for the GPU ", gpu.name, ": ", find_gpus().problem,
                            "; build it with nvcc installed, or plan with --device cpu"));
}

}  // namespace pg
