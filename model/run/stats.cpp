// stats.cpp: writing, reading and cutting stats.jsonl.
#include "model/run/stats.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "data/files/atomic_file.h"
#include "data/files/io_error.h"
#include "data/files/read_file.h"
#include "data/formats/json.h"
#include "kernels/error.h"

namespace pg {

namespace {

using nlohmann::json;

constexpr std::string_view kStart = "{\"kimg\":";

json parsed(const std::string& line) { return parse_json_or_discard(line); }

// The whole file; nothing if it does not exist.
std::string text_in(const std::filesystem::path& path) {
  check_regular(path);
  if (!std::filesystem::exists(path)) return "";
  const std::vector<uint8_t> bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

// The complete lines of a text, each without its newline.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  // An incomplete last line ends at eof and is skipped.
  for (std::string line; std::getline(in, line) && !in.eof();) lines.push_back(line);
  return lines;
}

// A line of ours that a crash cut short: `text` and kStart agree as far as both go.
bool starts_as_ours(std::string_view text) {
  const size_t n = std::min(text.size(), kStart.size());
  return text.substr(0, n) == kStart.substr(0, n);
}

// The images of a line of ours, in thousands. Lines of others may have a "kimg" too, but not as the
// first key and without a space, and are never removed.
std::optional<double> kimg_of_line(const std::string& line) {
  if (!starts_as_ours(line) || line.size() <= kStart.size() || line[kStart.size()] == ' ') {
    return std::nullopt;
  }
  const json object = parsed(line);
  const auto kimg = object.find("kimg");
  if (kimg == object.end() || !kimg->is_number()) return std::nullopt;
  return kimg->get<double>();
}

bool is_after(const std::string& line, double last_kimg) {
  return kimg_of_line(line).value_or(last_kimg) > last_kimg;
}

bool is_ours(const std::string& text) {
  const std::vector<std::string> lines = lines_of(text);
  return std::any_of(lines.begin(), lines.end(),
                     [](const auto& line) { return kimg_of_line(line).has_value(); }) ||
         (lines.empty() && starts_as_ours(text));
}

// The text of the file at `path`, which must be statistics of a run.
std::string our_text_in(const std::filesystem::path& path) {
  std::string text = text_in(path);
  PG_CHECK(is_ours(text), FormatError, "'", path.string(),
           "' does not hold the statistics of a run: expected lines such as {\"kimg\": ...}; move "
           "it away");
  return text;
}

}  // namespace

StatsFile::StatsFile(std::filesystem::path path) : file_(std::move(path)) {
  written_ = our_text_in(file_.path());
  const size_t end = written_.rfind('\n') + 1;  // 0 if there is none
  if (end == written_.size()) return;
  if (starts_as_ours(std::string_view(written_).substr(end))) {
    if (::ftruncate(file_.fd(), static_cast<off_t>(end)) != 0) {
      throw_io_error("write", file_.path(), errno);
    }
    written_.resize(end);
  } else {
    unwritten_.push_back('\n');  // ends a line of somebody else
  }
}

bool StatsFile::append(const nlohmann::ordered_json& line) {
  unwritten_ += line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  return flush();
}

bool StatsFile::flush() {
  const bool gone = file_.find_again();
  if (gone) {
    unwritten_ = written_ + unwritten_;
    written_.clear();
  }
  if (unwritten_.empty()) return gone;
  file_.append(unwritten_);
  written_ += std::exchange(unwritten_, "");
  return gone;
}

bool StatsFile::sync() {
  const bool gone = flush();
  file_.sync();
  return gone;
}

std::vector<std::string> read_stats(const std::filesystem::path& path) {
  std::vector<std::string> lines = lines_of(text_in(path));
  std::erase_if(lines, [](const std::string& line) { return !parsed(line).is_object(); });
  return lines;
}

double seconds_trained(const std::filesystem::path& path, double last_kimg) {
  double sum = 0.0;
  for (const std::string& text : read_stats(path)) {
    const json line = parsed(text);
    const auto timing = line.find("timing");
    if (is_after(text, last_kimg) || timing == line.end() || !timing->is_object()) continue;
    const auto seconds = timing->find("seconds");
    if (seconds != timing->end() && seconds->is_number()) sum += seconds->get<double>();
  }
  return sum;
}

nlohmann::ordered_json continued_line(const std::string& folder, double kimg, double seconds) {
  return {{"kimg", kimg}, {"continues", folder}, {"timing", {{"seconds", seconds}}}};
}

bool is_stats(const std::filesystem::path& path) { return is_ours(text_in(path)); }

std::string stats_after(const std::filesystem::path& path, double last_kimg) {
  std::string after;
  for (const std::string& line : lines_of(text_in(path))) {
    if (is_after(line, last_kimg)) after += line + "\n";
  }
  return after;
}

std::string cut_stats(const std::filesystem::path& path, double last_kimg) {
  std::string kept, removed;
  const std::string text = our_text_in(path);
  for (const std::string& line : lines_of(text)) {
    (is_after(line, last_kimg) ? removed : kept) += line + "\n";
  }
  const std::string rest = text.substr(text.rfind('\n') + 1);
  if (!starts_as_ours(rest)) kept += rest + "\n";
  if (kept != text) write_file_atomically(path, kept);
  return removed;
}

}  // namespace pg
