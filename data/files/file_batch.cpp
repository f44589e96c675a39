// file_batch.cpp: writes files aside, then syncs and moves a group of them.
#include "data/files/file_batch.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <string>
#include <utility>

#include "data/files/atomic_file.h"
#include "data/files/io_error.h"

namespace pg {
namespace fs = std::filesystem;

FileBatch::FileBatch(const fs::path& folder)
    : folder_(folder_of(folder / "file")), scratch_(folder / "file") {}

// A first error has been reported by the call that met it.
FileBatch::~FileBatch() {
  while (!waiting_.empty()) {
    try {
      publish();
    } catch (const std::exception&) {
    }
  }
}

void FileBatch::add(const OutputPath& to,
                    std::initializer_list<std::span<const std::byte>> chunks) {
  if (folder_of(to.path()) != folder_) {
    write_file_atomically(to, chunks);
    ++published_;
    return;
  }
  to.check();
  fs::path file = scratch_.small_file(next_++);
  FileHandle handle(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!handle) throw_io_error("write", to.path(), errno);
  try {
    int64_t offset = 0;
    for (const auto& chunk : chunks) {
      write_at(handle.get(), offset, chunk, to.path());
      offset += static_cast<int64_t>(chunk.size());
    }
    keep_permissions(handle.get(), to.path());
  } catch (...) {
    ::unlink(file.c_str());
    throw;
  }
  waiting_.push_back({to, std::move(file), std::move(handle)});
  const bool late = std::chrono::steady_clock::now() - last_ > std::chrono::seconds(1);
  if (late || waiting_.size() == kGroup) publish();
}

void FileBatch::publish() {
  if (waiting_.empty()) return;
  sync_waiting();
  move_waiting();
  sync_folder(folder_);
  last_ = std::chrono::steady_clock::now();
}

// Once the data of all files is on its way, the first sync writes the records of the file system
// for all of them.
void FileBatch::sync_waiting() {
  for (const Waiting& w : waiting_) ::sync_file_range(w.handle.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  for (size_t i = 0; i < waiting_.size(); ++i) {
    if (::fsync(waiting_[i].handle.get()) == 0) continue;
    const int error = errno;
    const fs::path path = waiting_[i].to.path();
    drop(i, i + 1);
    throw_io_error("write", path, error);
  }
}

void FileBatch::move_waiting() {
  size_t moved = 0;
  try {
    for (; moved < waiting_.size(); ++moved) {
      waiting_[moved].to.take(waiting_[moved].file);
      ++published_;
    }
  } catch (...) {
    drop(0, moved + 1);
    throw;
  }
  drop(0, moved);
}

// A moved file has left its name, or a replaced one has it.
void FileBatch::drop(size_t first, size_t end) {
  for (size_t i = first; i < end; ++i) ::unlink(waiting_[i].file.c_str());
  const auto at = waiting_.begin();
  waiting_.erase(at + static_cast<ptrdiff_t>(first), at + static_cast<ptrdiff_t>(end));
}

}  // namespace pg
