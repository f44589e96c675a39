// slow_note.cpp: waits in a thread of its own.
#include "apps/slow_note.h"

#include <system_error>
#include <utility>

#include "apps/print.h"
#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg::apps {

SlowNote::SlowNote(std::string line, std::chrono::milliseconds delay) : line_(std::move(line)) {
  try {
    thread_ = std::thread([this, delay] { wait(delay); });
  } catch (const std::system_error&) {  // no thread can be made, and the sentence is only a remark
  }
}

SlowNote::~SlowNote() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ended_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void SlowNote::wait(std::chrono::milliseconds delay) {
  std::unique_lock lock(mutex_);
  if (!ended_.wait_for(lock, delay, [this] { return end_; })) {
    note("{}\n", line_);
  }
}

std::string looking_for_images(const std::string& where) {
  return message("looking for images in '", shown(where), "' ...");
}

}  // namespace pg::apps
