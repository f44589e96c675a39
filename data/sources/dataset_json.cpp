// dataset_json.cpp: reads as much of dataset.json as shows its kind.
#include "data/sources/dataset_json.h"

#include <istream>
#include <system_error>

#include "data/files/file_kind.h"
#include "data/sources/piece_buffer.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr const char* kFileName = "dataset.json";

// Ends the parsing, by returning false, where the kind is known.
class KindEvents : public nlohmann::json_sax<json> {
 public:
  DatasetJson kind = DatasetJson::other;

  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t) override { return value(); }
  bool number_unsigned(number_unsigned_t) override { return value(); }
  bool number_float(number_float_t, const string_t&) override { return value(); }
  bool binary(binary_t&) override { return value(); }

  bool string(string_t& text) override {
    if (at_format_ && text.starts_with("progan_cuda")) kind = DatasetJson::built;
    return kind == DatasetJson::other && value();
  }

  bool key(string_t& text) override {
    if (depth_ != 1) return true;
    at_format_ = text == "format";
    if (text == "labels") kind = DatasetJson::labels;
    return kind == DatasetJson::other;
  }

  bool start_object(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override {
    if (depth_ == 0) return false;  // a list has no keys
    return open();
  }
  bool end_array() override { return close(); }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool value() {
    at_format_ = false;
    return depth_ > 0;
  }
  bool open() {
    at_format_ = false;
    ++depth_;
    return true;
  }
  bool close() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  bool at_format_ = false;
};

}  // namespace

DatasetJson kind_of_dataset_json(const fs::path& folder) {
  std::error_code error;
  if (!is_file(folder / kFileName)) return DatasetJson::none;
  KindEvents events;
  const NextPiece next = pieces_of(ReadFile(folder / kFileName));
  PieceBuffer buffer(next);
  std::istream text(&buffer);
  try {
    json::sax_parse(text, &events);
  } catch (const JsonError&) {  // deep or long: the kind is what was read up to there
  }
  if (events.kind != DatasetJson::other) return events.kind;
  // A data set whose description is damaged is still one.
  return fs::exists(folder / "r0004.npy", error) ? DatasetJson::built : DatasetJson::other;
}

}  // namespace pg
