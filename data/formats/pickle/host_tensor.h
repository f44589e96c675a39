// host_tensor.h: a tensor of another program's file, converted to 32-bit floats on request.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/formats/pickle/pickle.h"

namespace pg {

// Gives the bytes of torch storages.
class Storages {
 public:
  virtual ~Storages() = default;

  // All bytes of the storage, valid as long as this; the number of elements is that of the pickle.
  // Throws FormatError for damaged data.
  virtual std::span<const uint8_t> storage(const PickledStorage& storage) const = 0;
};

// Valid as long as its file; cheap to copy.
class HostTensor {
 public:
  // `storages` is needed for tensors that have a storage instead of bytes.
  HostTensor(PickledTensor tensor, const Storages* storages);

  const std::vector<int64_t>& shape() const { return tensor_.shape; }  // empty: one element
  StoredType type() const { return tensor_.type; }
  int64_t elements() const;

  // The elements in row-major order, each rounded to the nearest float. Throws FormatError for
  // damaged data, which may be read only now.
  std::vector<float> floats() const;

 private:
  PickledTensor tensor_;
  const Storages* storages_;
};

}  // namespace pg
