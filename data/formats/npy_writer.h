// npy_writer.h: .npy files that grow while they are written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "data/files/atomic_file.h"
#include "data/formats/npy.h"

namespace pg {

// Appends elements; the header is written last, when their number is known. Throws IoError.
class NpyWriter {
 public:
  explicit NpyWriter(const OutputPath& to);

  void write(std::span<const std::byte> elements);

  // Length and CRC-32 of a whole file.
  struct Written {
    int64_t bytes = 0;
    uint32_t crc32 = 0;
  };

  // Completes the file; `header` has the number of elements written.
  Written finish(const NpyHeader& header);

  const std::string& name() const { return name_; }

 private:
  std::string name_;
  AtomicFile file_;
  uint32_t crc_ = 0;
};

}  // namespace pg
