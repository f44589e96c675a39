// endings.h: image formats by the endings of file names.
#pragma once

#include <filesystem>

#include "data/images/image.h"

namespace pg {

// Whether a file of this name is meant to be an image, so that it is reported and not ignored if it
// cannot be decoded.
bool has_image_ending(const std::filesystem::path& file);

// Whether the ending is that of an image of another format; never for Format::raw.
bool has_wrong_ending(const std::filesystem::path& file, Format format);

// ".png", ".jpg", ".webp", ".bmp"; "" for Format::raw.
const char* usual_ending(Format format);

// The format that a program writes under this name, by its ending in lower or upper case: png, jpeg
// or webp; raw: none of them.
Format format_to_write(const std::filesystem::path& file);

}  // namespace pg
