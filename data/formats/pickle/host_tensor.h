// host_tensor.h: a tensor of a foreign file, converted to 32-bit floats when asked.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/formats/pickle/pickle.h"

namespace pg {

// What knows the bytes of torch storages.
class Storages {
 public:
  virtual ~Storages() = default;

  // All bytes of the storage, which holds as many elements as the pickle says, as long as this
  // lives. Throws FormatError for data that is damaged.
  virtual std::span<const uint8_t> storage(const PickledStorage& storage) const = 0;
};

// Lives as long as the file it came from; cheap to copy.
class HostTensor {
 public:
  // `storages` serves tensors that have a storage instead of bytes.
  HostTensor(PickledTensor tensor, const Storages* storages);

  const std::vector<int64_t>& shape() const { return tensor_.shape; }  // empty: one element
  StoredType type() const { return tensor_.type; }
  int64_t elements() const;

  // The elements in row-major order, each rounded to the nearest float. Throws FormatError for data
  // that turns out to be damaged now that it is read.
  std::vector<float> floats() const;

 private:
  PickledTensor tensor_;
  const Storages* storages_;
};

}  // namespace pg
