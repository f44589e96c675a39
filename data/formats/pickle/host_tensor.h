// host_tensor.h: a tensor of another program's file, converted to 32-bit floats on request.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/formats/pickle/pickle.h"

namespace pg {

// The bytes of a storage: its own, or those of a file in memory.
struct StorageBytes {
  std::span<const uint8_t> bytes;
  std::vector<uint8_t> own = {};  // moving keeps the span valid
};

// Gives the bytes of tensors that are elsewhere in a file.
class Storages {
 public:
  virtual ~Storages() = default;

  // All bytes of the storage; the number of elements is that of the pickle. Throws FormatError for
  // damaged data, IoError for a file that was truncated meanwhile.
  virtual StorageBytes storage(const PickledStorage& storage) const = 0;
};

// Valid as long as its file; cheap to copy.
class HostTensor {
 public:
  // `storages` is needed for tensors that have a storage instead of bytes.
  HostTensor(PickledTensor tensor, const Storages* storages);

  const std::vector<int64_t>& shape() const { return tensor_.shape; }  // empty: one element
  StoredType type() const { return tensor_.type; }
  int64_t elements() const;

  // The elements in row-major order, each rounded to the nearest float. Throws FormatError or
  // IoError for damaged data, which may be read only now.
  std::vector<float> floats() const;

 private:
  PickledTensor tensor_;
  const Storages* storages_;
};

}  // namespace pg
