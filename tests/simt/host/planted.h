// planted.h: faults of the device, for tests of whole programs and of what they report.
//
// PROGAN_SIMT_FAULT=KERNEL:FAULT[:COUNT] strikes the COUNT-th (the first, if not given) and all
// later launches of kernels whose demangled name contains KERNEL, also those in replayed graphs:
//   wrong       a third of the words that the kernel wrote change by a factor of four
//   illegal, misaligned, launch, timeout, ecc, lost
//               the launch is accepted; the next call that waits, and every call after it, returns
//               cudaErrorIllegalAddress, MisalignedAddress, LaunchFailure, LaunchTimeout,
//               ECCUncorrectable or DevicesUnavailable
//   hang        the launch is accepted; the next call that waits does so forever
//   memory      allocations fail from here on, as if another program had taken the memory
#pragma once

#include "tests/simt/host/launch.h"
#include "tests/simt/host/state.h"

namespace pg::simt {

// Runs a launch unless a fault is planted in it. A planted error is kept in HostState::pending.
cudaError_t run_with_faults(const Launch& launch, cudaError_t (*run)(const Launch&));

// Every call that waits for the device ends here: a pending error becomes sticky, and a device
// that hangs is waited for forever.
void surface_faults();

}  // namespace pg::simt
