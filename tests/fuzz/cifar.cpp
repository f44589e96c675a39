// cifar.cpp: fuzz target of the reader of CIFAR-10's batches.
#include "data/sources/source.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pg::fuzz::MemoryFile file({data, size});
  pg::fuzz::reads_or_rejects([&] {
    const auto source = pg::open_cifar_source({file.path()});
    for (int64_t i = 0; i < source->count(); ++i) {
      pg::fuzz::claim(source->label(i) >= 0 && source->label(i) < 10);
      pg::fuzz::claim(source->load(i).pixels.size() == 32 * 32 * 3);
    }
  });
  return 0;
}
