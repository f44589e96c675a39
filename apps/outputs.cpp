// outputs.cpp: endings of names, and the rules for what may be replaced.
#include "apps/outputs.h"

#include <algorithm>
#include <cctype>

#include "data/files/scratch_folder.h"
#include "data/files/shown.h"
#include "data/formats/own_file.h"
#include "kernels/error.h"

namespace pg::apps {

namespace fs = std::filesystem;

const OutputKind kPngFile{{".png"}, is_own_png};
const OutputKind kImageFile{{".png", ".jpg", ".jpeg", ".webp"}, is_own_image};
const OutputKind kImageZipFile{{".zip"}, is_own_image_zip};
const OutputKind kNpyFile{{".npy"}, is_own_npy};
const OutputKind kOnnxFile{{".onnx"}, is_own_onnx};
const OutputKind kPthFile{{".pth", ".pt", ".pkl", ".ckpt", ".bin"}, is_own_pth};
const OutputKind kNetworkFile{{".safetensors"}, is_own_network};
const OutputKind kModuleFile{{".py"}, is_own_module};
const OutputKind kReportFile{{".json"}, is_own_report};
const OutputKind kImportedFile{{".safetensors"}, is_own_import};

namespace {

// Endings that tell everybody what is in a file.
constexpr std::string_view kKnownEndings[] = {
    ".png",         ".jpg",  ".jpeg", ".jpe",  ".webp", ".bmp", ".gif",  ".tif",       ".tiff",
    ".avif",        ".heic", ".heif", ".jxl",  ".jp2",  ".ppm", ".pgm",  ".tga",       ".ico",
    ".svg",         ".pdf",  ".npy",  ".npz",  ".mp4",  ".mkv", ".webm", ".mov",       ".avi",
    ".m4v",         ".ogv",  ".apng", ".mpg",  ".mpeg", ".wmv", ".flv",  ".psd",       ".exr",
    ".zip",         ".tar",  ".gz",   ".onnx", ".pth",  ".pt",  ".pkl",  ".ckpt",      ".h5",
    ".safetensors", ".json", ".txt",  ".csv",  ".bin",  ".mdb", ".lmdb", ".tfrecords", ".toml"};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// The known ending of `path`; empty: it has none.
std::string known_ending(const std::string& path) {
  for (const std::string_view ending : kKnownEndings) {
    if (has_ending(path, ending)) return std::string(ending);
  }
  return "";
}

void check_file_name(const char* option, const std::string& path, const OutputKind& kind) {
  const std::string ending = known_ending(path);
  PG_CHECK(ending.empty() || std::ranges::count(kind.endings, ending) > 0, UsageError, option, " ",
           shown(path), ": expected a name that ends in ", joined(kind.endings, " or "), ", got ",
           ending, "; choose the name of such a file");
}

fs::path folder_above(const char* option, const std::string& path, const OutputKind& kind) {
  check_file_name(option, path, kind);
  return folder_of(follow_links(path));
}

}  // namespace

void add_force(Command& command, Force& force) {
  command.add_flag_callback(
      "--force", [&force] { force = Force::yes; },
      "replace existing files, also those that this program did not write");
}

bool has_ending(const std::string& path, std::string_view ending) {
  return lower(path).ends_with(ending);
}

OutputFile::OutputFile(const char* option, const std::string& path, const OutputKind& kind,
                       Force force)
    : above_(folder_above(option, path, kind), path),
      path_(OutputPath::named(path, force, kind.is_ours)) {}

void OutputFile::must_not_be(const std::string& input) const {
  std::error_code error;
  PG_CHECK(!fs::equivalent(path_.path(), input, error) || error, UsageError, "'",
           path_.path().string(), "' is the file that is read; choose another name to write to");
}

void must_differ(const char* option, const std::string& path, const char* other_option,
                 const std::string& other) {
  if (path.empty() || other.empty()) return;
  std::error_code error;
  const auto place = [&](const std::string& name) {
    return fs::weakly_canonical(fs::absolute(name, error), error);
  };
  const bool same = place(path) == place(other) || fs::equivalent(path, other, error);
  PG_CHECK(!same, UsageError, option, " and ", other_option, " both name '", shown(path),
           "'; choose another name for one of them");
}

void check_folder_name(const char* option, const std::string& path, const std::string& instead) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) return;
  PG_CHECK(!fs::exists(status), UsageError, option, " ", shown(path),
           ": expected a folder, got a file; choose another name");
  const std::string ending = known_ending(path);
  PG_CHECK(ending.empty(), UsageError, option, " ", shown(path), ": expected a folder",
           instead.empty() ? "" : " or a name that ends in " + instead, ", got ", ending,
           "; choose another name");
}

OutputFolder::OutputFolder(const char* option, const std::string& path, Force force,
                           const std::string& instead)
    : path_((check_folder_name(option, path, instead), path)), force_(force), folders_(path_) {}

OutputPath OutputFolder::image(const std::string& name) const {
  return OutputPath::named(path_ / name, force_, is_own_image);
}

OutputPath OutputFolder::png(const std::string& name) const {
  return OutputPath::named(path_ / name, force_, is_own_png);
}

}  // namespace pg::apps
