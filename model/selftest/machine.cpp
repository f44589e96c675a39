// machine.cpp: opens backends.
#include "model/selftest/machine.h"

namespace pg::selftest {

void Machine::leave_out(TensorKernels families) { left_out_ = left_out_ | families; }

Backend& Machine::exact() {
  if (exact_ == nullptr) {
    exact_ = device_.cuda ? make_cuda_backend(
                                device_.index, MatrixMath::exact, CudaKernels::own,
                                {.left_out = TensorKernels::all(), .launches = Launches::checked})
                          : make_cpu_backend();
  }
  return *exact_;
}

Backend& Machine::tensor() {
  PG_ASSERT(device_.cuda);
  if (tensor_ == nullptr) {
    tensor_ = make_cuda_backend(device_.index, MatrixMath::tf32, CudaKernels::own,
                                {.launches = Launches::checked});
  }
  return *tensor_;
}

std::unique_ptr<Backend> Machine::training(MatrixMath math) const {
  if (!device_.cuda) return make_cpu_backend();
  return make_cuda_backend(device_.index, math, CudaKernels::own, {.left_out = left_out_});
}

Backend& Machine::oracle() {
  if (oracle_ == nullptr) oracle_ = make_cpu_backend(0, CpuPath::direct);
  return *oracle_;
}

Context& Machine::exact_context() {
  if (!exact_context_) exact_context_.emplace(exact(), kSmallBlocks);
  return *exact_context_;
}

Context& Machine::oracle_context() {
  if (!oracle_context_) oracle_context_.emplace(oracle(), kSmallBlocks);
  return *oracle_context_;
}

}  // namespace pg::selftest
