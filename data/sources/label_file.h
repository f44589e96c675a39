// label_file.h: class labels of files: as StyleGAN's tools keep them beside images, or by folder.
//
//   dataset.json: {"labels": [["00000/img00000000.png", 6], ["00001/...", [0.0, 1.0]], ...]}
//
// or "labels": null, which means that there are no classes. Where the file exists it decides, and
// sub-folders are only how images were spread. The name is also that of a built data set's own
// file, which has a "format".
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

struct LabelFile {
  std::map<std::string, int32_t> labels;  // by file, relative to the folder; empty: no classes
  int32_t classes = 0;
};

// nullopt where the folder has no such file, or one of another kind. Throws FormatError for a label
// that is neither a class number nor a list with a single 1 among zeros.
std::optional<LabelFile> read_label_file(const std::filesystem::path& folder);

// The same from the file's text; `where` is what messages call it.
std::optional<LabelFile> parse_label_file(std::string_view text, const std::string& where);

// Whether the folder is a built data set: it has a dataset.json, which is not a file of labels.
bool is_dataset_folder(const std::filesystem::path& folder);

// Whether files of this name are meant to be images, so that what cannot be decoded is reported
// and not ignored.
bool has_image_ending(const std::filesystem::path& file);

// A class for each of many files, or none at all.
struct FileClasses {
  std::vector<int32_t> labels;     // empty: no classes
  std::vector<std::string> names;  // of the classes
};

// The class is the first folder of a path; "." for files outside of folders. No classes where there
// are no folders.
FileClasses classes_of_folders(std::span<const std::string> files);

// The labels given for the files; no classes where none are given. Throws FormatError for a file
// without one; `where` names the set.
FileClasses classes_of_labels(std::span<const std::string> files, const LabelFile& given,
                              const std::string& where);

}  // namespace pg
