// host_array.cpp: parameters copied to the host.
#include "model/foreign/host_array.h"

#include "kernels/error.h"

namespace pg {

HostArray host_parameter(const ParameterStore& store, size_t index) {
  const ParameterSpec& spec = store.specs()[index];
  const Tensor tensor = store.get(spec.name);
  PG_CHECK(tensor.dtype() == DType::f32, DTypeError, "parameter '", spec.name,
           "': expected f32, the only dtype of files of other programs, got ",
           name_of(tensor.dtype()));
  const Shape& s = spec.shape;
  HostArray array{.name = spec.name,
                  .shape = {s.n, s.h, s.w, s.c},
                  .values = std::vector<float>(static_cast<size_t>(s.numel()))};
  tensor.backend().download(array.values.data(), tensor.view());
  return array;
}

void multiply(std::vector<float>& values, double factor) {
  if (factor == 1.0) return;
  for (float& v : values) v = static_cast<float>(static_cast<double>(v) * factor);
}

}  // namespace pg
