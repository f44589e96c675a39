// dataset_json.h: which of the files called dataset.json a folder has.
#pragma once

#include <filesystem>

namespace pg {

// built: the description of a data set made by this program, even a damaged one; labels: the class
// labels of StyleGAN's tools (label_file.h); other: some other program's; none: no such file.
enum class DatasetJson { none, built, labels, other };

// By content: the first "format" or "labels" of the file. A FIFO or folder of that name is none.
// Throws IoError if the file cannot be read.
DatasetJson kind_of_dataset_json(const std::filesystem::path& folder);

// Whether the folder is a built data set.
inline bool is_dataset_folder(const std::filesystem::path& folder) {
  return kind_of_dataset_json(folder) == DatasetJson::built;
}

}  // namespace pg
