// label_file.cpp: reads dataset.json of StyleGAN's tools.
#include "data/label_file.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/error.h"

namespace pg {
namespace {

// Beyond any set of classes; keeps a wild number from becoming a wild amount of memory.
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
           label.dump().substr(0, 40), ", which is neither a class from 0 to ", kMostClasses - 1,
           " nor a list with a single 1 among zeros");
  return static_cast<int32_t>(number);
}

}  // namespace

std::optional<LabelFile> read_label_file(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "dataset.json";
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  const nlohmann::json json = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.contains("format") || !json.contains("labels")) return std::nullopt;
  LabelFile file;
  if (json["labels"].is_null()) return file;
  PG_CHECK(json["labels"].is_array(), FormatError, path.string(),
           " has \"labels\" that are no list of [file, label]");
  for (const nlohmann::json& entry : json["labels"]) {
    PG_CHECK(entry.is_array() && entry.size() == 2 && entry[0].is_string(), FormatError,
             path.string(), " has a label entry that is not [file, label]");
    const int32_t label = class_of(entry[1], path.string());
    file.labels[entry[0].get<std::string>()] = label;
    file.classes = std::max(file.classes, label + 1);
  }
  return file;
}

}  // namespace pg
