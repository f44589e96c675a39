// image_zip.h: images in one zip archive, in the form of StyleGAN's tools, which --data reads.
//
//   00000/img00000000.png 00000/img00000001.png ... 00001/img00001000.png ... dataset.json
//
// A thousand images in each folder; dataset.json holds {"labels": [["00000/img00000000.png", 6],
// ...]}, or null instead of the list if there are no classes. Entries are stored, since images are
// compressed already.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/formats/stored_zip.h"
#include "data/images/image.h"

namespace pg {

class ImageZip {
 public:
  // Throws IoError, as all members do.
  ImageZip(const OutputPath& to, Format format) : zip_(to), format_(format) {}

  // Appends a file of that format; `label` is its class, or none for all images.
  static constexpr int32_t kNoLabel = -1;
  void add(std::span<const uint8_t> file, int32_t label);

  // Writes dataset.json and publishes the archive.
  void finish();

 private:
  std::string name_of(size_t index) const;

  StoredZip zip_;
  Format format_;
  std::vector<int32_t> labels_;
};

}  // namespace pg
