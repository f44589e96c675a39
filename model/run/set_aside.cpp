// set_aside.cpp: the first free name with a number.
#include "model/run/set_aside.h"

#include <cerrno>
#include <tuple>

#include "data/files/atomic_file.h"
#include "data/files/file_kind.h"
#include "data/files/io_error.h"
#include "data/files/rename.h"
#include "data/files/scratch_folder.h"

namespace pg {
namespace {

namespace fs = std::filesystem;

// Also for a file that has been set aside before: a name does not grow.
std::string plain_name(const fs::path& file) {
  std::string name = file.filename().string();
  if (!name.starts_with(kSetAside)) return name;
  name.erase(0, std::string_view(kSetAside).size());
  const size_t digits = name.find_first_not_of("0123456789");
  if (digits > 0 && digits != std::string::npos && name[digits] == '-') name.erase(0, digits + 1);
  return name;
}

// Renames `from` to the first free "superseded-" name for `file`, beside it.
fs::path take_free_name(const fs::path& from, const fs::path& file) {
  const std::string name = plain_name(file);
  for (int64_t i = 1;; ++i) {
    const std::string number = i == 1 ? "" : message(i, "-");
    const fs::path aside = file.parent_path() / message(kSetAside, number, name);
    const int error = rename_to_free_name(from, aside);
    if (error == EEXIST) continue;
    if (error != 0) throw_io_error("rename", file, error);
    sync_folder(folder_of(file));
    return aside;
  }
}

}  // namespace

fs::path set_aside(const fs::path& file) { return take_free_name(file, file); }

fs::path set_aside_text(const fs::path& file, std::string_view text) {
  const ScratchFolder scratch(file);
  write_file_atomically(OutputPath::in_scratch(scratch.content()), text);
  return take_free_name(scratch.content(), file);
}

std::vector<fs::path> checkpoints_after(const RunFolder& run, const CheckpointHeader& position) {
  const auto place = [](const CheckpointHeader& h) {
    return std::tuple(h.images_shown, h.iterations);
  };
  std::vector<fs::path> after;
  for (const ListedCheckpoint& c : list_checkpoints(run)) {
    if (c.broken.empty() && place(c.header) > place(position)) after.push_back(c.path);
  }
  return after;
}

std::vector<fs::path> set_aside_after(const RunFolder& run, const CheckpointHeader& position) {
  std::vector<fs::path> after = checkpoints_after(run, position);
  for (const fs::path& file : after) set_aside(file);
  return after;
}

}  // namespace pg
