// tree_scan.cpp: walks a tree of folders.
#include "data/sources/tree_scan.h"

#include <algorithm>
#include <array>
#include <set>
#include <system_error>
#include <utility>

#include "data/files/file_kind.h"
#include "data/files/io_error.h"
#include "data/files/read_file.h"
#include "data/files/shown.h"
#include "data/formats/own_file.h"
#include "data/images/endings.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

// Inside a folder that other files show to be that of a run.
bool has_run_files(const fs::path& folder) {
  std::error_code error;
  return fs::is_regular_file(folder / "stats.jsonl", error) &&
         is_own_config(folder / "config.toml");
}

class Scan {
 public:
  explicit Scan(fs::path root) : root_(std::move(root)) {}

  Tree run() {
    std::error_code error;
    enter(root_, error);
    if (error) throw_io_error("read", root_, error.value());
    use_own_if_nothing_else();
    std::sort(tree_.files.begin(), tree_.files.end());  // the same order on every file system
    foreign_.tell(tree_.notes, "folder of other programs", "folders of other programs");
    unreadable_.tell(tree_.notes, "unreadable folder", "unreadable folders");
    odd_.tell(tree_.notes, "entry that is not a file", "entries that are not files");
    own_.tell(tree_.notes, "image that progan_cuda wrote", "images that progan_cuda wrote");
    runs_.tell(tree_.notes, "run folder of progan_cuda", "run folders of progan_cuda");
    return std::move(tree_);
  }

 private:
  std::string name_of(const fs::path& path) const {
    return shown(path.lexically_relative(root_).string(), 200);
  }

  // `visited_` breaks the cycles that links can form.
  void enter(const fs::path& folder, std::error_code& error) {
    const fs::path real = fs::canonical(folder, error);
    if (error || !visited_.insert(real).second) return;
    std::vector<fs::path> entries;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      entries.push_back(entry->path());
    }
    std::sort(entries.begin(), entries.end());  // of two links to a folder the first is followed
    std::vector<fs::path> images;
    for (const fs::path& path : entries) look_at(path, images);
    sort_out_own(images);
  }

  void look_at(const fs::path& path, std::vector<fs::path>& images) {
    const std::string name = path.filename().string();
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    const bool hidden = name.starts_with('.');
    if (fs::is_directory(status)) {
      is_foreign_folder(name) ? foreign_.add(name_of(path)) : look_into(path);
    } else if (hidden) {
      return;
    } else if (!fs::is_regular_file(status)) {
      add_odd(path, status, error);
    } else if (is_candidate(path)) {
      images.push_back(path);
    } else {
      ++tree_.ignored;
    }
  }

  void look_into(const fs::path& folder) {
    if (has_run_files(folder)) {
      runs_.add(name_of(folder));
      own_folders_.push_back(folder);
      return;
    }
    std::error_code error;
    enter(folder, error);
    if (error) unreadable_.add(message(name_of(folder), " (", error.message(), ")"));
  }

  void add_odd(const fs::path& path, const fs::file_status& status, const std::error_code& error) {
    ++tree_.ignored;
    const auto reason = [&]() -> std::string {
      if (status.type() == fs::file_type::not_found) return "a link to nowhere";
      if (error) return error.message();
      if (fs::is_fifo(status)) return "a FIFO";
      return fs::is_socket(status) ? "a socket" : "a device";
    };
    odd_.add(message(name_of(path), " (", reason(), ")"));
  }

  static bool is_candidate(const fs::path& file) {
    if (has_image_ending(file)) return true;
    try {
      return looks_like_image(read_file_start(file, 32));
    } catch (const IoError&) {
      return true;  // load() gets the same error, and the builder reports it
    }
  }

  // Reads the start of all images of a folder, or of some of very many: if one of these is ours, of
  // all.
  void sort_out_own(const std::vector<fs::path>& images) {
    constexpr size_t kAll = 4096;
    const size_t stride = images.size() <= kAll ? 1 : images.size() / kAll;
    bool any = false;
    for (size_t i = 0; i < images.size() && !any; i += stride) any = is_own_image(images[i]);
    for (const fs::path& image : images) {
      std::string file = image.lexically_relative(root_).string();
      if (any && is_own_image(image)) {
        own_.add(shown(file, 200));
        own_files_.push_back(std::move(file));
      } else {
        tree_.files.push_back(std::move(file));
      }
    }
  }

  bool has_other_image() const {
    return std::any_of(tree_.files.begin(), tree_.files.end(), [&](const std::string& file) {
      try {
        return looks_like_image(read_file_start(root_ / file, 32));
      } catch (const IoError&) {
        return false;
      }
    });
  }

  // Somebody who names a folder of generated images means them.
  void use_own_if_nothing_else() {
    if ((own_files_.empty() && own_folders_.empty()) || has_other_image()) return;
    for (const fs::path& folder : std::exchange(own_folders_, {})) {
      std::error_code error;
      enter(folder, error);
    }
    if (own_files_.empty()) return;
    tree_.files.insert(tree_.files.end(), own_files_.begin(), own_files_.end());
    tree_.notes.push_back(message("all images, ", own_files_.size(),
                                  ", were written by progan_cuda; they are used because there "
                                  "are no others"));
    own_ = runs_ = {};
  }

  fs::path root_;
  std::set<fs::path> visited_;
  Tree tree_;
  Skipped foreign_, unreadable_, odd_, own_, runs_;
  std::vector<std::string> own_files_;
  std::vector<fs::path> own_folders_;
};

}  // namespace

void Skipped::add(std::string name) {
  ++count;
  if (names.size() < kMost) names.push_back(std::move(name));
}

void Skipped::tell(std::vector<std::string>& notes, std::string_view one,
                   std::string_view many) const {
  if (count == 0) return;
  notes.push_back(message("skipped ", count, " ", count == 1 ? one : many, ": ", text()));
}

std::string Skipped::text() const {
  return joined(names) + (count > static_cast<int64_t>(names.size()) ? ", ..." : "");
}

bool is_foreign_folder(std::string_view name) {
  constexpr std::array<std::string_view, 18> kNames = {"@eadir",
                                                       "@recycle",
                                                       "@recently-snapshot",
                                                       "@synoresource",
                                                       "@tmp",
                                                       "@__thumb",
                                                       "#recycle",
                                                       "#snapshot",
                                                       "$recycle.bin",
                                                       "recycler",
                                                       "lost+found",
                                                       "__macosx",
                                                       "_vti_cnf",
                                                       "system volume information",
                                                       "network trash folder",
                                                       "temporary items",
                                                       "thumbnails",
                                                       "ipod photo cache"};
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return name.starts_with('.') || lower.ends_with(".lrdata") ||
         std::find(kNames.begin(), kNames.end(), lower) != kNames.end();
}

Tree scan_tree(const fs::path& root) { return Scan(root).run(); }

}  // namespace pg
