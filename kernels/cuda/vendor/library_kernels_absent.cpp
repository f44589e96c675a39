// library_kernels_absent.cpp: replaces the libraries in a program built without their headers, and
// in the emulator.
#include "kernels/cuda/vendor/library_kernels.h"

namespace pg::cuda {

struct LibraryKernels::Libraries {};

LibraryKernels::LibraryKernels(Queue&) {}
LibraryKernels::~LibraryKernels() = default;

std::string LibraryKernels::description() const {
  return "this program was built without cuDNN and cuBLASLt";
}
std::string LibraryKernels::versions() const { return "none"; }

bool LibraryKernels::supports(const Conv2dArgs&) { return false; }
bool LibraryKernels::supports(const Conv2dInputGradArgs&) { return false; }
bool LibraryKernels::supports(const Conv2dWeightGradArgs&) { return false; }
bool LibraryKernels::supports(const MatmulArgs&) { return false; }

void LibraryKernels::run(Autotuner&, const Conv2dArgs&) { PG_ASSERT(false); }
void LibraryKernels::run(Autotuner&, const Conv2dInputGradArgs&) { PG_ASSERT(false); }
void LibraryKernels::run(Autotuner&, const Conv2dWeightGradArgs&) { PG_ASSERT(false); }
void LibraryKernels::run(Autotuner&, const MatmulArgs&) { PG_ASSERT(false); }

}  // namespace pg::cuda
