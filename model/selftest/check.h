// check.h: one check of the selftest: what it compares, and what its failure means.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/gradcheck/deviation.h"
#include "kernels/tensor_kernels.h"
#include "model/selftest/machine.h"

namespace pg::selftest {

using gradcheck::Deviation;

struct Check {
  std::string group;  // a line of the report: "convolution on tensor cores"
  std::string name;   // unique, as a user reports it: "fprop bf16, 128x64: 16 to 24 at 8x8"
  // Skipped by training if the check fails; empty: nothing can take its place.
  TensorKernels family{};
  double work = 0;  // multiply-adds and elements, roughly; emulators skip the larger ones
  bool quick = true;
  std::function<Deviation(Machine&)> run;  // throws Error as well if the device fails
};

using Checks = std::vector<Check>;

// All checks of a device, in order: single kernels come first, since the first failure is the one
// to report. With another program or GPU there may be others.
Checks all_checks(Machine& machine);

// The groups of all_checks. Values and gradients of every op on small tensors, in f32 and f64.
void add_op_checks(Checks& list);
// Every kernel of kernels.def in its types, on small tensors and at official shapes.
void add_kernel_checks(Checks& list, Machine& machine);
// Every tensor-core kernel compared with the exact one.
void add_candidate_checks(Checks& list, Machine& machine);
// Iterations of a small network: compared with the CPU, captured, repeated.
void add_training_checks(Checks& list, Machine& machine);
// Patterns in a part of the memory that is free.
void add_memory_checks(Checks& list, Machine& machine);

}  // namespace pg::selftest
