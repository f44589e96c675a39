// lmdb.cpp: fuzz target of the reader of LMDB databases.
#include "data/formats/lmdb_file.h"

#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int64_t kMostBytes = int64_t{1} << 30;
  const pg::fuzz::MemoryFile file({data, size});
  pg::fuzz::reads_or_rejects([&] { pg::is_lmdb_file(file.path()); });
  pg::fuzz::reads_or_rejects([&] {
    const pg::LmdbFile database(file.path());
    pg::fuzz::claim(database.count() <= static_cast<int64_t>(size));
    for (int64_t i = 0; i < database.count(); ++i) {
      pg::fuzz::reads_or_rejects([&] { database.key(i); });
      pg::fuzz::reads_or_rejects(
          [&] { pg::fuzz::claim(database.value(i, kMostBytes).size() <= size); });
    }
  });
  return 0;
}
