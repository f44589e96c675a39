// idx.cpp: fuzz target of the reader of MNIST's files, plain and gzip. Mutations of a gzip file
// change its contents.
#include <zlib.h>

#include <algorithm>

#include "data/sources/source.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/target.h"

namespace {

constexpr size_t kMost = 4096;

// Runs a function of zlib over the whole text; cut to kMost bytes.
template <typename Step>
std::string run(z_stream& stream, Step step, std::string text) {
  std::string out(kMost, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  step(&stream, Z_FINISH);
  out.resize(stream.total_out);
  return out;
}

std::string unpacked(const std::string& text) {
  z_stream stream = {};
  inflateInit2(&stream, 15 + 16);
  const std::string out = run(stream, inflate, text);
  inflateEnd(&stream);
  return out;
}

std::string packed(const std::string& text) {
  z_stream stream = {};
  deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  const std::string out = run(stream, deflate, text);
  deflateEnd(&stream);
  return out;
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  pg::fuzz::Random random(seed);
  const bool zipped = size > 2 && data[0] == 0x1f && data[1] == 0x8b;
  if (!zipped || pg::fuzz::below(random, 4) == 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::string text(reinterpret_cast<const char*>(data), size);
  return pg::fuzz::give(packed(pg::fuzz::mutated(unpacked(text), kMost / 2)), data, max_size);
}

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
