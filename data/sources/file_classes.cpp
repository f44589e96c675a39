// file_classes.cpp: finds the folders that are classes.
#include "data/sources/file_classes.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

#include "data/files/natural_order.h"
#include "data/files/shown.h"
#include "data/sources/tree_scan.h"
#include "kernels/error.h"

namespace pg {
namespace {

using Names = std::vector<std::string_view>;

// "." for files outside folders.
std::string_view first_folder(std::string_view file) {
  const size_t slash = file.find('/');
  return slash == std::string_view::npos ? "." : file.substr(0, slash);
}

std::set<std::string_view> first_folders(const Names& files) {
  std::set<std::string_view> folders;
  for (const std::string_view file : files) folders.insert(first_folder(file));
  return folders;
}

// The folders that hold all files, outermost first, each with its slash: "images/", "images/all/".
std::vector<std::string> common_folders(const Names& files) {
  std::vector<std::string> common;
  std::string_view all = files.front();
  for (const std::string_view file : files) {
    const auto differs = std::mismatch(all.begin(), all.end(), file.begin(), file.end()).first;
    all = all.substr(0, static_cast<size_t>(differs - all.begin()));
  }
  for (size_t at = 0; (at = all.find('/', at)) != std::string_view::npos;) {
    common.emplace_back(all.substr(0, ++at));
  }
  return common;
}

void remove_common_folders(Names& files) {
  const std::vector<std::string> common = common_folders(files);
  if (common.empty()) return;
  for (std::string_view& file : files) file.remove_prefix(common.back().size());
}

// "train", also as in "training_set", "seg_train", "Test Images" or "val2017".
bool is_part_name(std::string_view folder) {
  constexpr std::array<std::string_view, 14> kParts = {
      "train",   "training", "val", "valid", "validation", "test",      "tests",
      "testing", "holdout",  "dev", "eval",  "extra",      "unlabeled", "unlabelled"};
  std::string name;
  for (const char c : folder) {
    if (c != '_' && c != '-' && c != ' ')
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  if (name.starts_with("seg")) name.erase(0, 3);
  name.erase(name.find_last_not_of("0123456789") + 1);
  for (const std::string_view end : {"set", "images", "data"}) {
    if (name.ends_with(end)) name.erase(name.size() - end.size());
  }
  return std::find(kParts.begin(), kParts.end(), name) != kParts.end();
}

// Steps into train/, val/ and test/ if no other folder is beside them; a sentence about it.
std::string remove_parts(Names& files) {
  std::set<std::string_view> folders = first_folders(files);
  folders.erase(".");
  if (folders.size() < 2 || !std::all_of(folders.begin(), folders.end(), is_part_name)) return "";
  for (std::string_view& file : files) file.remove_prefix(file.find('/') + 1);  // 0 of loose files
  return message("the folders ", joined(folders, " and "),
                 " are parts of one data set: all of their images are used; to use one part, name "
                 "its folder");
}

// A sentence about images beside the folders of classes.
void tell_loose(const Names& files, std::vector<std::string>& notes) {
  Skipped loose;
  for (const std::string_view file : files) {
    if (file.find('/') == file.npos) loose.add(shown(file, 200));
  }
  if (loose.count == 0) return;
  const bool one = loose.count == 1;
  notes.push_back(message(loose.count, one ? " image lies" : " images lie",
                          " beside the class folders and make", one ? "s" : "",
                          " up the class '.': ", loose.text(), "; move ", one ? "it" : "them",
                          " into a class folder, or out of the set"));
}

std::vector<std::string> without(std::span<const std::string> files, const std::string& folder) {
  std::vector<std::string> result;
  result.reserve(files.size());
  for (const std::string& file : files) result.push_back(file.substr(folder.size()));
  return result;
}

}  // namespace

FileClasses classes_of_folders(std::span<const std::string> files) {
  FileClasses classes;
  if (files.empty()) return classes;
  Names rest(files.begin(), files.end());
  remove_common_folders(rest);
  for (std::string note; !(note = remove_parts(rest)).empty();) {  // seg_train/seg_train/
    if (classes.notes.empty()) classes.notes.push_back(note);
    remove_common_folders(rest);
  }
  std::map<std::string, int32_t, decltype(&natural_less)> numbers(&natural_less);
  for (const std::string_view folder : first_folders(rest)) numbers.emplace(folder, 0);
  if (numbers.size() == 1) return classes;
  for (auto& [name, number] : numbers) {
    number = static_cast<int32_t>(classes.names.size());
    classes.names.push_back(shown_whole(name));
  }
  tell_loose(rest, classes.notes);
  for (const std::string_view file : rest) {
    classes.labels.push_back(numbers.at(std::string(first_folder(file))));
  }
  return classes;
}

FileClasses classes_of_labels(std::span<const std::string> files, const LabelFile& given,
                              const std::string& where) {
  FileClasses classes;
  if (given.classes == 0) return classes;
  for (const std::string& file : files) {
    const auto it = given.labels.find(file);
    PG_CHECK(it != given.labels.end(), FormatError, "dataset.json in ", where,
             " has no label for the image ", shown(file), "; add it, or remove dataset.json");
    classes.labels.push_back(it->second);
  }
  for (int32_t k = 0; k < given.classes; ++k) classes.names.push_back(std::to_string(k));
  return classes;
}

FileClasses classes_of_tree(std::span<const std::string> files, const OpenLabels& open,
                            const std::string& where) {
  if (files.empty()) return {};
  std::vector<std::string> places = common_folders(Names(files.begin(), files.end()));
  places.insert(places.begin(), "");
  std::vector<std::string> notes;
  for (const std::string& place : places) {
    if (!open(place)) continue;
    const std::string name = message(shown_whole(place), "dataset.json in ", where);
    // Names are relative to its own folder, or to another one that holds all images.
    std::vector<std::string> bases = places;
    std::stable_partition(bases.begin(), bases.end(),
                          [&](const std::string& base) { return base == place; });
    for (const std::string& base : bases) {
      const std::vector<std::string> images = without(files, base);
      const std::optional<NextPiece> text = open(place);
      std::optional<LabelFile> given = text ? parse_label_file(*text, name, images) : std::nullopt;
      if (!given) break;
      const bool matches = given->classes == 0 || !given->labels.empty();
      if (matches) return classes_of_labels(images, *given, where);
    }
    notes.push_back(message(name, " has no class labels for these images and is not used"));
  }
  FileClasses classes = classes_of_folders(files);
  classes.notes.insert(classes.notes.begin(), notes.begin(), notes.end());
  return classes;
}

}  // namespace pg
