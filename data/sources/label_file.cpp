// label_file.cpp: reads dataset.json of StyleGAN's tools, and assigns classes to files.
#include "data/sources/label_file.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr const char* kFileName = "dataset.json";

// More than any set has; bounds the memory that a wrong number can take.
constexpr int64_t kMostClasses = 65536;

int32_t class_of(const nlohmann::json& label, const std::string& file) {
  int64_t number = -1;
  if (label.is_number_integer()) {
    number = label.get<int64_t>();
  } else if (label.is_array() && !label.empty() &&
             std::all_of(label.begin(), label.end(), [](const auto& v) { return v.is_number(); })) {
    const auto ones = std::count_if(label.begin(), label.end(),
                                    [](const auto& v) { return v.template get<double>() == 1.0; });
    const auto zeros = std::count_if(label.begin(), label.end(),
                                     [](const auto& v) { return v.template get<double>() == 0.0; });
    const auto size = static_cast<std::ptrdiff_t>(label.size());
    if (ones == 1 && zeros == size - 1) {
      number = std::find_if(label.begin(), label.end(),
                            [](const auto& v) { return v.template get<double>() == 1.0; }) -
               label.begin();
    }
  }
  PG_CHECK(number >= 0 && number < kMostClasses, FormatError, file, " has the label ",
           label.dump().substr(0, 40), "; expected a class from 0 to ", kMostClasses - 1,
           " or a one-hot list");
  return static_cast<int32_t>(number);
}

}  // namespace

std::optional<LabelFile> read_label_file(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kFileName;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return parse_label_file(std::string(std::istreambuf_iterator<char>(in), {}), path.string());
}

std::optional<LabelFile> parse_label_file(std::string_view text, const std::string& where) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.contains("format") || !json.contains("labels")) return std::nullopt;
  LabelFile file;
  if (json["labels"].is_null()) return file;
  PG_CHECK(json["labels"].is_array(), FormatError, where,
           ": expected \"labels\" to be a list of [file, label]");
  for (const nlohmann::json& entry : json["labels"]) {
    PG_CHECK(entry.is_array() && entry.size() == 2 && entry[0].is_string(), FormatError, where,
             " has a label entry that is not [file, label]");
    const int32_t label = class_of(entry[1], where);
    file.labels[entry[0].get<std::string>()] = label;
    file.classes = std::max(file.classes, label + 1);
  }
  return file;
}

bool is_dataset_folder(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::is_regular_file(folder / kFileName, error) && !read_label_file(folder);
}

FileClasses classes_of_folders(std::span<const std::string> files) {
  std::map<std::string, int32_t> numbers;
  std::vector<std::string> folders;
  for (const std::string& file : files) {
    const size_t slash = file.find('/');
    folders.push_back(slash == std::string::npos ? "." : file.substr(0, slash));
    numbers.emplace(folders.back(), 0);
  }
  FileClasses classes;
  if (numbers.size() == 1 && numbers.contains(".")) return classes;
  for (auto& [name, number] : numbers) {
    number = static_cast<int32_t>(classes.names.size());
    classes.names.push_back(name);
  }
  for (const std::string& folder : folders) classes.labels.push_back(numbers.at(folder));
  return classes;
}

FileClasses classes_of_labels(std::span<const std::string> files, const LabelFile& given,
                              const std::string& where) {
  FileClasses classes;
  if (given.labels.empty()) return classes;
  for (const std::string& file : files) {
    const auto it = given.labels.find(file);
    PG_CHECK(it != given.labels.end(), FormatError, "dataset.json in ", where,
             " has no label for the image ", shown(file), "; add it, or remove dataset.json");
    classes.labels.push_back(it->second);
  }
  for (int32_t k = 0; k < given.classes; ++k) classes.names.push_back(std::to_string(k));
  return classes;
}

}  // namespace pg
