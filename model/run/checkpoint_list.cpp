// checkpoint_list.cpp: reads the headers of all checkpoints, and checks the newest ones.
#include "model/run/checkpoint_list.h"

#include <algorithm>
#include <tuple>

#include "model/run/append_file.h"

namespace pg {
namespace {

namespace fs = std::filesystem;

// Each lost race is one against a write that takes much longer than a look.
constexpr int kTries = 100;

// A file that is gone by now was pruned or renamed by the trainer of the run.
bool is_gone(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() == fs::file_type::not_found;
}

ListedCheckpoint listed(const fs::path& path) {
  ListedCheckpoint c{.path = path, .header = {}, .broken = "", .newer = false};
  try {
    c.header = read_checkpoint_header(path);
  } catch (const NewerFormatError& error) {
    c.broken = error.what();
    c.newer = true;
  } catch (const Error& error) {
    c.broken = error.what();
  }
  return c;
}

// False if a file vanished, so that another one may have become the newest.
bool find_newest(const RunFolder& run, int64_t below, NewestCheckpoint& newest) {
  for (const ListedCheckpoint& c : list_checkpoints(run)) {
    if (c.newer) throw NewerFormatError(c.broken);
    if (c.broken.empty() && c.header.images_shown >= below) continue;
    std::string broken = c.broken;
    try {
      if (broken.empty()) open_checkpoint(c.path);
    } catch (const Error& error) {
      broken = error.what();
    }
    if (broken.empty()) {
      newest.path = c.path;
      return true;
    }
    if (is_gone(c.path)) return false;
    newest.broken.push_back(std::move(broken));
  }
  return true;
}

}  // namespace

std::vector<ListedCheckpoint> list_checkpoints(const RunFolder& run) {
  std::vector<ListedCheckpoint> all;
  for (int i = 0; i < kTries; ++i) {
    all.clear();
    const std::vector<fs::path> paths = run.all_checkpoints();
    for (const fs::path& path : paths) {
      check_regular(path);
      all.push_back(listed(path));
    }
    // A folder that changes while it is read may even seem to be empty.
    if (paths == run.all_checkpoints()) break;
  }
  const auto order = [](const ListedCheckpoint& c) {
    return std::tuple(c.broken.empty(), -c.header.images_shown, -c.header.iterations);
  };
  std::stable_sort(
      all.begin(), all.end(),
      [&](const ListedCheckpoint& a, const ListedCheckpoint& b) { return order(a) < order(b); });
  return all;
}

NewestCheckpoint newest_checkpoint(const RunFolder& run, int64_t below) {
  NewestCheckpoint newest;
  for (int i = 0; i < kTries; ++i) {
    newest = {};
    if (find_newest(run, below, newest)) break;
  }
  return newest;
}

int64_t checkpoint_images(const fs::path& path) {
  return read_checkpoint_header(path).images_shown;
}

}  // namespace pg
