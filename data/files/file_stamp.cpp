// file_stamp.cpp: stat and a few reads.
#include "data/files/file_stamp.h"

#include <sys/stat.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "data/files/read_file.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr int64_t kBlock = 4096;

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1000000000 + int64_t{time.tv_nsec};
}

}  // namespace

std::string file_stamp(const std::filesystem::path& file) {
  struct stat status = {};
  if (::stat(file.c_str(), &status) != 0) return "missing";
  return message(status.st_size, " ", nanoseconds(status.st_mtim), " ",
                 nanoseconds(status.st_ctim));
}

void add_samples(NameHash& hash, const std::filesystem::path& file, int64_t blocks) {
  try {
    const ReadFile opened(file);
    const int64_t end = opened.size(), count = std::min(blocks, (end + kBlock - 1) / kBlock);
    std::vector<uint8_t> block;
    for (int64_t k = 0; k < count; ++k) {
      const int64_t at =
          count < blocks || count == 1 ? k * kBlock : (end - kBlock) / (count - 1) * k;
      block.resize(static_cast<size_t>(std::min(kBlock, end - at)));
      opened.read(at, block);
      hash.add(std::string_view(reinterpret_cast<const char*>(block.data()), block.size()));
    }
  } catch (const IoError&) {  // unreadable now as well as later
    hash.add("unreadable");
  }
}

WatchedFile::WatchedFile(std::filesystem::path file)
    : file_(std::move(file)), before_(file_stamp(file_)) {}

std::string WatchedFile::text() const {
  constexpr int64_t kBlocks = 64;
  NameHash samples;
  const std::string now = file_stamp(file_);
  if (now != "missing") add_samples(samples, file_, kBlocks);
  const std::string text = message(before_, " ", samples.hex());
  return now == before_ ? text : message(text, " changed to ", now);
}

}  // namespace pg
