// safetensors.cpp: fuzz target of the reader of safetensors files.
#include "data/formats/safetensors.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pg::fuzz::MemoryFile file({data, size});
  pg::fuzz::reads_or_rejects([&] {
    const pg::Safetensors checkpoint(file.path());
    uint64_t bytes = 0;
    for (const pg::StoredTensor& tensor : checkpoint.tensors()) {
      for (int64_t i = 0; i < tensor.bytes; ++i) bytes += tensor.data[i] != std::byte{255};
      pg::fuzz::claim(checkpoint.find(tensor.name) != nullptr);
    }
    pg::fuzz::claim(bytes <= size);
  });
  return 0;
}
