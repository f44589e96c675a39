// support.h: temporary folders, images and damaged files for the tests of data/.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "data/images/image.h"
#include "data/images/png.h"
#include "kernels/error.h"
#include "kernels/philox.h"
#include "tests/paths.h"

namespace pg::testing {

namespace fs = std::filesystem;

// A folder for one test, empty at first and removed at the end.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (fs::temp_directory_path() / "pg-data-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const fs::path& path() const { return path_; }
  fs::path operator/(const fs::path& name) const { return path_ / name; }

 private:
  fs::path path_;
};

inline void write_bytes(const fs::path& path, std::span<const uint8_t> bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
}

inline void write_text(const fs::path& path, const std::string& text) {
  write_bytes(path, std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

inline std::vector<uint8_t> read_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_gzip(const fs::path& path, std::span<const uint8_t> bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

// Noise, different for each seed.
inline Image random_image(int64_t height, int64_t width, int64_t channels, uint64_t seed = 1) {
  Image image{height, width, channels, {}};
  const uint64_t count = static_cast<uint64_t>(height * width * channels);
  for (uint64_t i = 0; i < count; ++i) {
    image.pixels.push_back(static_cast<uint8_t>(philox(seed, 9, i).word[0]));
  }
  return image;
}

inline Image flat_image(int64_t side, std::vector<uint8_t> pixel) {
  Image image{side, side, static_cast<int64_t>(pixel.size()), {}};
  for (int64_t i = 0; i < side * side; ++i) {
    image.pixels.insert(image.pixels.end(), pixel.begin(), pixel.end());
  }
  return image;
}

// As another program writes it: without the chunk after the header that names this one.
inline void write_image(const fs::path& path, const Image& image) {
  constexpr size_t kHeader = 33, kChunk = 32;
  fs::create_directories(path.parent_path());
  write_png(path, image);
  std::vector<uint8_t> bytes = read_bytes(path);
  bytes.erase(bytes.begin() + kHeader, bytes.begin() + kHeader + kChunk);
  write_bytes(path, bytes);
}

inline void truncate_to(const fs::path& path, double share) {
  fs::resize_file(path, static_cast<uintmax_t>(static_cast<double>(fs::file_size(path)) * share));
}

// idx files: magic, big-endian extents, bytes.
inline std::vector<uint8_t> idx_bytes(const std::vector<uint32_t>& shape,
                                      std::span<const uint8_t> data) {
  std::vector<uint8_t> bytes = {0, 0, 8, static_cast<uint8_t>(shape.size())};
  for (const uint32_t extent : shape) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<uint8_t>(extent >> shift));
    }
  }
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

// The message of the `Kind` that `action` throws; a test failure if it throws none.
template <typename Kind, typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Kind& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error: " << error.what();
    return "";
  }
  ADD_FAILURE() << "no error";
  return "";
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

// A folder of real data sets, or an empty path if there is none.
inline fs::path real_data() {
  const char* given = std::getenv("PG_TEST_DATA");
  const fs::path folder = given != nullptr
                              ? fs::path(given)
                              : fs::path(test::source_folder()) / ".." / "shared" / "data";
  return fs::is_directory(folder) ? folder : fs::path();
}

}  // namespace pg::testing
