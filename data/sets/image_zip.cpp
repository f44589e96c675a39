// image_zip.cpp: names of entries, and dataset.json.
#include "data/sets/image_zip.h"

#include <cstdio>

#include "data/images/endings.h"

namespace pg {

std::string ImageZip::name_of(size_t index) const {
  char name[64];
  std::snprintf(name, sizeof name, "%05zu/img%08zu", index / 1000, index);
  return std::string(name) + usual_ending(format_);
}

void ImageZip::add(std::span<const uint8_t> file, int32_t label) {
  zip_.add(name_of(labels_.size()), std::as_bytes(file));
  labels_.push_back(label);
}

void ImageZip::finish() {
  std::string list;
  for (size_t i = 0; i < labels_.size(); ++i) {
    if (labels_[i] == kNoLabel) continue;
    list += list.empty() ? "[" : ", ";
    list += "[\"" + name_of(i) + "\", " + std::to_string(labels_[i]) + "]";
  }
  const std::string text = "{\"labels\": " + (list.empty() ? "null" : list + "]") + "}\n";
  zip_.add("dataset.json", bytes_of(text));
  zip_.finish();
}

}  // namespace pg
