// library_kernels_absent.cpp: what stands for the libraries in a program built without their headers, and in
// the emulator.
#include "kernels/cuda/vendor/library_kernels.h"

namespace pg::cuda {

struct Vendor::Libraries {};

Vendor::Vendor(Queue&) {}
Vendor::~Vendor() = default;

std::string Vendor::description() const {
  return "this program was built without cuDNN and cuBLASLt";
}
std::string Vendor::versions() const { return "none"; }

bool Vendor::conv2d(Autotuner&, const Conv2dArgs&) { return false; }
bool Vendor::conv2d_input_grad(Autotuner&, const Conv2dInputGradArgs&) { return false; }
bool Vendor::conv2d_weight_grad(Autotuner&, const Conv2dWeightGradArgs&) { return false; }
bool Vendor::matmul(Autotuner&, const MatmulArgs&) { return false; }

}  // namespace pg::cuda
