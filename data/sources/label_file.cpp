// label_file.cpp: reads dataset.json of StyleGAN's tools.
#include "data/sources/label_file.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "data/files/shown.h"
#include "data/formats/json.h"
#include "data/sources/piece_buffer.h"
#include "kernels/error.h"

namespace pg {
namespace {

using nlohmann::json;

// More than any set has; bounds the memory that a wrong number can take.
constexpr int64_t kMostClasses = 65536;

// The parts of a label: a number, or a list of them.
struct Label {
  int64_t number = -1;  // or the place of the first 1 of a list
  int64_t size = 0, ones = 0, zeros = 0;
  bool list = false, numbers = true;
  std::string text;  // for messages

  void add(double value, const std::string& written) {
    if (value == 1.0 && ones++ == 0 && list) number = size;
    zeros += value == 0.0 ? 1 : 0;
    add_text(written);
  }
  void add_text(const std::string& written) {
    const bool first = size++ == 0;
    if (text.size() >= 40) return;
    if (!first) text += ',';
    text += shown(written, 40);
  }
  bool valid() const {
    const bool one_hot = ones == 1 && zeros == size - 1;
    return numbers && (!list || one_hot) && number >= 0 && number < kMostClasses;
  }
};

// Receives the events of the parser: {"labels": [[file, label], ...], ...}.
class LabelEvents : public nlohmann::json_sax<json> {
 public:
  LabelEvents(const std::string& where, std::span<const std::string> wanted)
      : where_(where), wanted_(wanted.begin(), wanted.end()) {
    std::sort(wanted_.begin(), wanted_.end());
  }

  // nullopt unless the text was a file of labels.
  std::optional<LabelFile> result() {
    if (!object_ || !has_labels_ || foreign_) return std::nullopt;
    PG_CHECK(whole_, FormatError, where_,
             " is not a complete JSON file; copy it again or remove it");
    if (!error_.empty()) throw FormatError(error_);
    return std::move(file_);
  }

  bool null() override {
    if (depth_ == 1 && in_labels_) {
      in_labels_ = false;
      return true;
    }
    return other_value("null");
  }
  bool boolean(bool value) override { return other_value(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override {
    return number(static_cast<double>(value), value, std::to_string(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    const bool small = value < uint64_t{kMostClasses};
    return number(static_cast<double>(value), small ? static_cast<int64_t>(value) : -1,
                  std::to_string(value));
  }
  bool number_float(number_float_t value, const string_t& written) override {
    const bool whole = value >= 0 && value < kMostClasses && value == std::floor(value);
    return number(value, whole ? static_cast<int64_t>(value) : -1, written);
  }
  bool binary(binary_t&) override { return true; }

  bool string(string_t& value) override {
    if (in_labels_ && depth_ == 3 && items_ == 0) {
      name_ = std::move(value);
      ++items_;
      return true;
    }
    return other_value(json(value).dump());
  }

  bool key(string_t& value) override {
    if (depth_ != 1) return true;
    in_labels_ = value == "labels";
    has_labels_ = has_labels_ || in_labels_;
    if (in_labels_) file_ = {};
    return true;
  }

  bool start_object(std::size_t) override {
    if (depth_ == 0) object_ = true;
    if (depth_ > 0) other_value("{}");
    ++depth_;
    return true;
  }
  bool end_object() override { return end(); }

  bool start_array(std::size_t) override {
    const bool entry = depth_ == 2, label = depth_ == 3 && items_ == 1;
    if (in_labels_ && entry) {
      items_ = 0;
      label_ = {};
    } else if (in_labels_ && label) {
      label_.list = true;
      ++items_;
    } else if (depth_ != 1) {
      other_value("[]");
    }
    ++depth_;
    return true;
  }

  bool end_array() override {
    if (in_labels_ && depth_ == 3) finish_entry();
    return end();
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    whole_ = false;
    return false;
  }

 private:
  bool end() {
    --depth_;
    if (depth_ == 1) in_labels_ = false;
    return true;
  }

  void fail(const std::string& error) {
    if (error_.empty()) error_ = error;
  }

  bool number(double value, int64_t whole, const std::string& written) {
    if (in_labels_ && depth_ == 3 && items_ == 1) {
      ++items_;
      label_.number = whole;
      label_.add_text(written);
    } else if (in_labels_ && depth_ == 4 && label_.list) {
      label_.add(value, written);
    } else {
      other_value(written);
    }
    return true;
  }

  // A value where it does not belong, if it is among the labels.
  bool other_value(const std::string& written) {
    if (!in_labels_) return true;
    if (depth_ == 1) foreign_ = true;
    if (depth_ == 2) fail_entry();
    if (depth_ == 3) ++items_;
    if (depth_ >= 3) {
      label_.numbers = false;
      label_.add_text(written);
    }
    return true;
  }

  // The "labels" of another program differ from the first entry on.
  void fail_entry() {
    if (file_.classes == 0 && error_.empty()) foreign_ = true;
    fail(message(where_, " has a label entry that is not [file, label]"));
  }

  void finish_entry() {
    if (items_ != 2 || name_.empty()) return fail_entry();
    if (!label_.valid()) {
      // Names, numbers that are no classes: labels of another program, in the same form.
      const bool other_kind = label_.list || !label_.numbers;
      if (other_kind && file_.classes == 0 && error_.empty()) foreign_ = true;
      const std::string text = label_.list ? message("[", label_.text, "]") : label_.text;
      return fail(message(where_, " has the label ", text.substr(0, 40),
                          "; expected a class from 0 to ", kMostClasses - 1, " or a one-hot list"));
    }
    const auto label = static_cast<int32_t>(label_.number);
    file_.classes = std::max(file_.classes, label + 1);
    for (const std::string& name : {name_, plain_name(name_)}) {
      if (!std::binary_search(wanted_.begin(), wanted_.end(), name)) continue;
      file_.labels[name] = label;
      break;
    }
    name_.clear();
  }

  const std::string& where_;
  std::vector<std::string_view> wanted_;
  LabelFile file_;
  std::string error_;  // the first; it counts only if this is a file of labels
  bool object_ = false, whole_ = true, has_labels_ = false;
  bool foreign_ = false;  // "labels" is not a list of [file, label]
  bool in_labels_ = false;
  int depth_ = 0;
  int items_ = 0;     // of the entry
  std::string name_;  // of the entry
  Label label_;
};

}  // namespace

std::string plain_name(std::string name) {
  std::replace(name.begin(), name.end(), '\\', '/');
  std::string plain;
  for (size_t at = 0; at < name.size();) {
    const size_t end = std::min(name.find('/', at), name.size());
    const std::string_view part = std::string_view(name).substr(at, end - at);
    if (!part.empty() && part != ".") plain.append(plain.empty() ? "" : "/").append(part);
    at = end + 1;
  }
  return plain;
}

std::optional<LabelFile> parse_label_file(const NextPiece& next, const std::string& where,
                                          std::span<const std::string> wanted) {
  LabelEvents events(where, wanted);
  PieceBuffer buffer(next);
  std::istream text(&buffer);
  try {
    json::sax_parse(text, &events);
  } catch (const JsonError& error) {
    throw FormatError(message(where, " ", error.what(), "; correct or remove it"));
  }
  return events.result();
}

}  // namespace pg
