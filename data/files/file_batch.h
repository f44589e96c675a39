// file_batch.h: many small files for one folder, each of which appears complete or not at all.
//
// An AtomicFile of its own for each would sync the disk for each, which takes longer than to encode
// a small image. Here files wait in one ScratchFolder until a group of them is synced and moved:
// after the first of a group, a sync finds nothing left to write.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <vector>

#include "data/files/file_handle.h"
#include "data/files/output_path.h"
#include "data/files/scratch_folder.h"

namespace pg {

// Not thread-safe. Errors are IoError with the path and the system's message, and UsageError if a
// file that the user named must not be replaced any more.
class FileBatch {
 public:
  // Files for `folder`, which must exist. Others, at the end of symbolic links, are written at
  // once.
  explicit FileBatch(const std::filesystem::path& folder);
  ~FileBatch();  // publishes the files that are complete, if that is possible
  FileBatch(const FileBatch&) = delete;
  FileBatch& operator=(const FileBatch&) = delete;

  // Writes the chunks as one file, which appears with its group: at most kGroup files, or those of
  // one second.
  void add(const OutputPath& to, std::initializer_list<std::span<const std::byte>> chunks);

  // Syncs the files that are waiting and moves them to their places.
  void publish();

  int64_t published() const { return published_; }

 private:
  static constexpr size_t kGroup = 128;  // open files
  struct Waiting {
    OutputPath to;
    std::filesystem::path file;
    FileHandle handle;
  };

  void sync_waiting();
  void move_waiting();
  void drop(size_t first, size_t end);

  std::filesystem::path folder_;
  ScratchFolder scratch_;
  int64_t next_ = 0;  // number of the next file in the scratch folder
  std::vector<Waiting> waiting_;
  int64_t published_ = 0;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace pg
