// label_file.h: class labels as StyleGAN's tools keep them beside images.
//
//   dataset.json: {"labels": [["00000/img00000000.png", 6], ["00001/...", [0.0, 1.0]], ...]}
//
// or "labels": null. The name is also that of a built data set's own file, which has a "format".
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace pg {

struct LabelFile {
  std::map<std::string, int32_t> labels;  // by file, relative to the folder; empty: no classes
  int32_t classes = 0;
};

// nullopt where the folder has no such file, or one of another kind. Throws FormatError for a label
// that is neither a class number nor a list with a single 1 among zeros.
std::optional<LabelFile> read_label_file(const std::filesystem::path& folder);

}  // namespace pg
