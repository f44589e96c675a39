// label_file.h: class labels of image files in the dataset.json of StyleGAN's tools.
//
//   {"labels": [["00000/img00000000.png", 6], ["00001/...", [0.0, 1.0]], ...]}
//
// or "labels": null for no classes. A class may be written as 6.0, and a name as on another system:
// "00000\\img00000000.png", "./00000/img00000000.png".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pg {

// "a/b.png" for "./a\\b.png" and "/a//b.png": a path as other systems and tools write it.
std::string plain_name(std::string name);

struct LabelFile {
  std::map<std::string, int32_t> labels;  // by file, relative to the folder; empty: no classes
  int32_t classes = 0;                    // of all entries
};

// Reads the file's text in pieces and keeps only the labels of `wanted`, the images at hand, so
// memory does not depend on the file. next() gives one piece after another, at last an empty one.
// `where` names the file in messages. nullopt if the text is not a file of labels, or if "labels"
// is not a list that begins with [file, class], as in files of other programs. Throws FormatError
// for a later label that is neither a class number nor a one-hot list, for a first number that is
// not a class, and for labels cut short; all that next() throws.
using NextPiece = std::function<std::span<const uint8_t>()>;
std::optional<LabelFile> parse_label_file(const NextPiece& next, const std::string& where,
                                          std::span<const std::string> wanted);

}  // namespace pg
