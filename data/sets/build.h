// build.h: builds a data set folder from a source of images.
//
// The folder holds r0004.npy r0008.npy ... up to the resolution (uint8 [N, R, R, C]), labels.npy
// (int32 [N]) and dataset.json. It is built in a scratch folder and takes its name when complete,
// so an interrupted build is never used. Memory is constant: a few decoded images for each thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "data/sets/build_folder.h"
#include "data/sets/manifest.h"
#include "data/sets/set_values.h"
#include "data/sources/source.h"
#include "kernels/error.h"

namespace pg {

// Files changed between the start and the end of a build, which is worthless then.
class ImagesChangedError : public IoError {
 public:
  using IoError::IoError;
};
// strip: dataset.json names files relative to the source; keep: as they were opened.
enum class Paths { strip, keep };

// no: unreadable images are skipped and listed; yes: the first one is an error.
enum class Strict { no, yes };

struct BuildProgress {
  int64_t done = 0, total = 0, rejected = 0;
  double seconds = 0;
};

struct BuildOptions {
  // Power of two, 4 to 1024; or 0: the largest one up to 1024 not above the median smaller side
  // (with Fit::pad: the smallest one not below the median longer side) of 64 images spread evenly.
  int64_t resolution = 0;
  int64_t channels = 0;  // 1 to 4; or 0: the source's default (idx 1, else 3)
  Fit fit = Fit::automatic;
  Background background = {};
  ValueRange range = {};  // automatic: measured on up to 256 images, spread evenly
  int64_t threads = 0;    // 0: one per processor
  Strict strict = Strict::no;
  Existing existing = Existing::refuse;
  Paths paths = Paths::strip;
  // Called from the calling thread, at most ten times a second and once at the end. An exception
  // ends the build, which leaves nothing behind.
  std::function<void(const BuildProgress&)> progress = {};
};

struct BuildReport {
  std::filesystem::path folder;
  Manifest manifest;
  std::vector<std::string> advice;  // on the values of the images (set_values.h)
  double seconds = 0;
};

// Builds the data set of `source`, opened as `source_name`, at `out`; dataset.json holds the name,
// or with Paths::strip only its last part. The result does not depend on `threads`. Throws
// UsageError for options out of range, FormatError if no image is usable (or, strict, if one is
// not), IoError if the folder cannot be written or has too little space, ImagesChangedError.
BuildReport build_dataset(const ImageSource& source, const std::string& source_name,
                          const std::filesystem::path& out, const BuildOptions& options);

// The options with resolution, channels, fit and threads filled in. Throws as build_dataset.
BuildOptions resolve_options(const ImageSource& source, const BuildOptions& options);

}  // namespace pg
