// npy.cpp: fuzz target of the reader of data set levels and labels.
#include "data/npy.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pg::fuzz::MemoryFile file({data, size});
  pg::fuzz::reads_or_refuses([&] {
    const pg::MappedNpy array(file.path());
    int64_t elements = 1, sum = 0;
    for (const int64_t extent : array.shape()) elements *= extent;
    const auto add = [&](const auto values) {
      pg::fuzz::claim(static_cast<int64_t>(values.size()) == elements);
      for (const auto value : values) sum += value;
    };
    if (array.type() == pg::NpyType::u8) {
      add(array.u8());
    } else {
      add(array.i32());
    }
    pg::fuzz::claim(sum < INT64_MAX);
  });
  return 0;
}
