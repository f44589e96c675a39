// target.h: shared by the fuzz targets: the claim that a reader reads or rejects, and files in
// memory for readers that need a path.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "kernels/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace pg::fuzz {

// Ends the program, which libFuzzer reports with the input.
inline void claim(bool holds) {
  if (!holds) std::abort();
}

// Runs f(). An Error must be one line of a readable length; any other exception ends the program.
template <typename F>
void reads_or_rejects(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    const std::string text = error.what();
    claim(text.size() > 10 && text.size() < 1000 && text.find('\n') == std::string::npos);
  }
}

// One file, written again for each input.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const uint8_t> bytes) {
    claim(fd() >= 0 && ::ftruncate(fd(), 0) == 0);
    claim(::pwrite(fd(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  }

  const std::string& path() const {
    static const std::string path = "/proc/self/fd/" + std::to_string(fd());
    return path;
  }

 private:
  static int fd() {
    static const int fd = ::memfd_create("input", 0);
    return fd;
  }
};

}  // namespace pg::fuzz
