// label_file.h: class labels of image files: from the dataset.json of StyleGAN's tools, or by
// folder.
//
//   dataset.json: {"labels": [["00000/img00000000.png", 6], ["00001/...", [0.0, 1.0]], ...]}
//
// or "labels": null for no classes. If the file exists, it gives the classes, not sub-folders.
// Built data sets have a file of the same name, recognised by its "format".
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

// nullopt if the folder has no such file or one of another kind. Throws FormatError for a label
// that is neither a class number nor a one-hot list.
std::optional<LabelFile> read_label_file(const std::filesystem::path& folder);

// The same from the file's text; `where` names it in messages.
std::optional<LabelFile> parse_label_file(std::string_view text, const std::string& where);

// Whether the folder is a built data set: it has a dataset.json, which is not a file of labels.
bool is_dataset_folder(const std::filesystem::path& folder);

// The class of each file of a list; none if there are no classes.
struct FileClasses {
  std::vector<int32_t> labels;     // empty: no classes
  std::vector<std::string> names;  // of the classes
};

// The class is the first folder of a path; "." for files outside folders. No classes without
// folders.
FileClasses classes_of_folders(std::span<const std::string> files);

// The labels given for the files; no classes if none are given. Throws FormatError for a file
// without a label; `where` names the set.
FileClasses classes_of_labels(std::span<const std::string> files, const LabelFile& given,
                              const std::string& where);

}  // namespace pg
