// idx.cpp: fuzz target of the reader of MNIST's files, plain and gzip.
#include "data/sources/source.h"
#include "tests/fuzz/target.h"

namespace pg {

// Replaces the function of source.cpp: fingerprints are not needed, so that file is not linked.
std::string file_stamp(const std::filesystem::path&) { return {}; }

}  // namespace pg

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pg::fuzz::MemoryFile file({data, size});
  pg::fuzz::reads_or_rejects([&] { pg::is_idx_images(file.path()); });
  pg::fuzz::reads_or_rejects([&] {
    const auto source = pg::open_idx_source(file.path());
    for (const int64_t i : {int64_t{0}, source->count() - 1}) {
      const pg::Image image = source->load(i);
      pg::fuzz::claim(static_cast<int64_t>(image.pixels.size()) == image.width * image.height);
      source->label(i);
    }
  });
  return 0;
}
