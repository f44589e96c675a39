// npy.cpp: fuzz target of the reader of data set levels and labels.
#include "data/formats/npy.h"

#include <cmath>

#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pg::fuzz::MemoryFile file({data, size});
  pg::fuzz::reads_or_rejects([&] {
    const pg::NpyFile array(file.path());
    int64_t elements = 1, sum = 0;
    for (const int64_t extent : array.shape()) elements *= extent;
    const auto add = [&](auto values) {
      values.resize(static_cast<size_t>(elements));
      array.read(0, std::span(values));
      for (const auto value : values) sum += std::isfinite(static_cast<double>(value)) ? 1 : 0;
    };
    if (array.type() == pg::NpyType::u8) {
      add(std::vector<uint8_t>());
    } else if (array.type() == pg::NpyType::i32) {
      add(std::vector<int32_t>());
    } else {
      add(std::vector<float>());
    }
    pg::fuzz::claim(sum <= elements);
  });
  return 0;
}
