// tfrecord.cpp: fuzz target of the reader of TFRecords: a whole file, and an example in it.
#include "data/formats/tfrecord.h"

#include "data/sources/tfrecord_example.h"
#include "tests/fuzz/target.h"

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
