// file_classes.h: the class of each file of a tree, in a folder or an archive.
//
// Folders give the classes, unless a dataset.json like that of StyleGAN's tools does. The level of
// folders that are classes is found by looking at all files:
//
//   images/cats/1.png  images/dogs/2.png     cats, dogs: not the folder around them
//   train/cats/1.png   val/cats/2.png        cats: not the parts of a data set
//   cats/old/1.png     dogs/2.png            cats, dogs: folders below a class say nothing
//   cats/1.png         cats/2.png            none: one class says nothing
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/sources/label_file.h"

namespace pg {

struct FileClasses {
  std::vector<int32_t> labels;     // of each file; empty: no classes
  std::vector<std::string> names;  // of the classes, in displayable UTF-8
  std::vector<std::string> notes;  // sentences for the user: parts merged, an unused dataset.json
};

// The classes by folder of files named "folder/folder/file". Files outside all folders, beside
// others in folders, are the class ".", of which a note tells. Classes are in the order of
// natural_less: numbers count as numbers.
FileClasses classes_of_folders(std::span<const std::string> files);

// The labels given for the files; no classes if none are given. Throws FormatError for a file
// without a label; `where` names the set.
FileClasses classes_of_labels(std::span<const std::string> files, const LabelFile& given,
                              const std::string& where);

// Opens "FOLDERdataset.json" for reading; `folder` is "" or ends in a slash. None if there is none.
using OpenLabels = std::function<std::optional<NextPiece>(const std::string& folder)>;

// The classes by the first dataset.json with labels, in the folder that holds the tree or in one
// that holds all images; names in it are relative to it or to another of these folders. Without
// one, by folder. Throws FormatError for damaged labels and as above.
FileClasses classes_of_tree(std::span<const std::string> files, const OpenLabels& open,
                            const std::string& where);

}  // namespace pg
