// tfrecord.cpp: fuzz target of the reader of TFRecords: a whole file, and an example in it. The
// mutations of a file change the bytes of a record, and write checksums that fit.
#include "data/formats/tfrecord.h"

#include "data/sources/tfrecord_example.h"
#include "tests/data/formats/records.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/target.h"

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  pg::fuzz::Random random(seed);
  uint64_t length = 0;
  if (size >= 16) std::memcpy(&length, data, sizeof length);
  if (size < 16 || length > size - 16 || pg::fuzz::below(random, 4) == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  const std::string all(reinterpret_cast<const char*>(data), size);
  const std::string text =
      pg::testing::record(pg::fuzz::mutated(all.substr(12, length), max_size / 2)) +
      all.substr(16 + length);
  return pg::fuzz::give(text, data, max_size);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto decode = [](std::span<const uint8_t> example) {
    pg::fuzz::reads_or_rejects([&] {
      const pg::Image image = pg::image_of_example(example);
      pg::fuzz::claim(static_cast<int64_t>(image.pixels.size()) ==
                      image.height * image.width * image.channels);
    });
  };
  decode({data, size});  // checksums would reject most inputs
  constexpr int64_t kMostBytes = int64_t{1} << 30;
  const pg::fuzz::MemoryFile file({data, size});
  pg::fuzz::reads_or_rejects([&] {
    const pg::TfRecordFile records(file.path());
    for (int64_t i = 0; i < records.count(); ++i) {
      pg::fuzz::reads_or_rejects([&] { decode(records.read(i, kMostBytes)); });
    }
  });
  return 0;
}
