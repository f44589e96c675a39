// host_array.h: a tensor in host memory, to be written to a file of another program.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/parameters.h"

namespace pg {

struct HostArray {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;  // row-major
};

// A parameter of a store, with its own name and order. Waits for the device.
HostArray host_parameter(const ParameterStore& store, size_t index);

// The values times `factor`, each rounded once; a factor of 1 keeps every bit.
void multiply(std::vector<float>& values, double factor);

}  // namespace pg
