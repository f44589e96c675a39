// output_format.cpp: endings, and the options that must agree with them.
#include "apps/output_format.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <vector>

#include "apps/outputs.h"
#include "data/files/shown.h"
#include "data/images/endings.h"
#include "kernels/error.h"
#include "model/config/suggest.h"

namespace pg::apps {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kEndings = {".png", ".jpg", ".jpeg", ".webp", ".npy", ".zip"};

// The ending of a file's name, in lower case; empty: none, as of "samples", "run-0.5" and ".cache".
std::string ending_of(const fs::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  const bool letters =
      std::ranges::any_of(ending, [](unsigned char c) { return std::isalpha(c) != 0; });
  const bool plain =
      ending.size() > 1 && std::all_of(ending.begin() + 1, ending.end(),
                                       [](unsigned char c) { return std::isalnum(c); });
  return letters && plain ? ending : "";
}

[[noreturn]] void throw_ending(const std::string& out, const std::string& ending) {
  const std::string start = message("--out ", shown(out), ": ");
  for (const char* video : {".mp4", ".webm", ".mkv", ".mov", ".avi", ".gif"}) {
    if (ending == video) {
      throw UsageError(message(start, "generate writes images; interpolate --out NAME",
                               ending == ".gif" ? ".webp" : ".webm", " makes videos"));
    }
  }
  std::string nearest;  // endings are so short that only one letter may differ
  for (const std::string& known : kEndings) {
    if (nearest.empty() && edit_distance(ending, known) == 1) nearest = known;
  }
  const std::string expected = nearest.empty() ? "expected " + joined(kEndings, " or ") +
                                                     ", or a folder (end its name with a slash)"
                                               : "did you mean '" + nearest + "'?";
  throw UsageError(message(start, "unknown ending '", shown(ending), "': ", expected));
}

Format named_format(const std::string& name) {
  if (name == "png") return Format::png;
  if (name == "jpg" || name == "jpeg") return Format::jpeg;
  if (name == "webp") return Format::webp;
  throw_unknown("format", name, {"png", "jpg", "webp"});
}

Target target_of(const std::string& out) {
  std::error_code error;
  if (out.ends_with('/') || fs::is_directory(out, error)) return Target::folder;
  const std::string ending = ending_of(out);
  if (ending.empty()) return Target::folder;
  if (std::ranges::count(kEndings, ending) == 0) throw_ending(out, ending);
  if (ending == ".npy") return Target::array;
  return ending == ".zip" ? Target::archive : Target::image;
}

}  // namespace

OutputFormat output_format(const std::string& out, const std::string& format, int64_t quality) {
  OutputFormat result{.target = target_of(out), .encoding = {}};
  Encoding& encoding = result.encoding;
  encoding.quality = static_cast<int>(quality);
  if (!format.empty()) encoding.format = named_format(format);
  if (result.target == Target::image) {
    const Format ending = format_to_write(out);
    PG_CHECK(format.empty() || encoding.format == ending, UsageError, "--format ", shown(format),
             ": expected that of ", shown(out), ", which is a ", name_of(ending),
             " file; drop --format or choose another name");
    encoding.format = ending;
  }
  const bool images = result.target != Target::array;
  PG_CHECK(images || format.empty(), UsageError, "--format ", shown(format), ": ", shown(out),
           " holds numbers, not images; drop --format");
  PG_CHECK(quality == 0 || (images && encoding.format != Format::png), UsageError, "--quality ",
           quality, ": expected images in jpg or webp, got ", images ? "png" : "npy",
           "; drop --quality or choose another format");
  return result;
}

}  // namespace pg::apps
