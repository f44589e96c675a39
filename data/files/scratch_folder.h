// scratch_folder.h: a folder of this program for files under construction, beside their target.
//
//   .progan_cuda-0123456789abcdef0123456789abcdef/   signature content set/ former/ name file-0
//
// The name is random. `signature` holds a text of ours with that name and is locked while the
// folder is in use; the system releases the lock of a killed program. Both together prove that a
// folder is left over: process numbers would not, since every container has a process 1.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "data/files/file_handle.h"
#include "data/files/file_kind.h"

namespace pg {

class ScratchFolder {
 public:
  // Makes a folder beside `target`, which errors name. The first one of a process in a folder also
  // removes leftovers there. Throws IoError.
  explicit ScratchFolder(const std::filesystem::path& target);
  ~ScratchFolder();  // removes it with its content
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // A file, a data set being built, and a data set being replaced. The caller makes them.
  std::filesystem::path content() const { return path_ / "content"; }
  std::filesystem::path set() const { return path_ / "set"; }
  std::filesystem::path former() const { return path_ / "former"; }

  // One of many small files (FileBatch).
  std::filesystem::path small_file(int64_t number) const {
    return path_ / ("file-" + std::to_string(number));
  }

  // Before a data set called `name` is moved to former(): if this program dies before the name is
  // taken again, the next sweep moves the data set back. Throws IoError.
  void will_move(const std::string& name) const;

  // Syncs the signature, so that the folder is recognised even after a power cut. Worthwhile for
  // large files only; errors are ignored.
  void sync() const;

 private:
  bool create(const std::filesystem::path& target);

  std::filesystem::path path_;
  FileHandle parent_, folder_, signature_;
};

// Removes the scratch folders of killed programs in `folder`, moving a data set in former() back if
// its name is free. Only folders that are in no use and hold nothing but files of ours under our
// names are touched; on file systems without locks none is. Never throws.
void sweep_scratch_folders(const std::filesystem::path& folder) noexcept;

// Whether a data set folder may have a file of this name: dataset.json, labels.npy, r0004.npy, ...
bool is_set_file_name(std::string_view name);

}  // namespace pg
