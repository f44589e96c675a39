// launchers.h: one function per kernel of kernels.def, defined in the .cu file of its family.
#pragma once

#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

#define PG_KERNEL(kernel, Args) void kernel(Queue& queue, const Args& args);
#include "kernels/kernels.def"
#undef PG_KERNEL

}  // namespace pg::cuda
