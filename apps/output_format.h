// output_format.h: what --out names, by its ending: a folder of images, or one file.
#pragma once

#include <cstdint>
#include <string>

#include "data/images/encode.h"

namespace pg::apps {

inline constexpr const char* kFormatHelp =
    "png, jpg or webp: format of the images in a folder or zip (default: png)";
inline constexpr const char* kQualityHelp =
    "1 to 100: quality of jpg (default: 95) and webp (default: without loss)";

// array: floats (.npy); archive: a zip of images.
enum class Target { folder, image, array, archive };

struct OutputFormat {
  Target target = Target::folder;
  Encoding encoding;  // of images
};

// `out`: the name; `format`, `quality`: the values of --format and --quality, empty and 0 if not
// given. Folders are those that exist, and names that end in a slash or without a letter after the
// last dot ("run-0.5").
// Throws UsageError for an ending that no command writes, or one that `format` contradicts.
OutputFormat output_format(const std::string& out, const std::string& format, int64_t quality);

}  // namespace pg::apps
