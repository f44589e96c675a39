// slow_note.h: a sentence for work that takes unexpectedly long.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace pg::apps {

// Prints a line on standard error if it still exists after `delay`.
class SlowNote {
 public:
  explicit SlowNote(std::string line, std::chrono::milliseconds delay = std::chrono::seconds(3));
  ~SlowNote();
  SlowNote(const SlowNote&) = delete;
  SlowNote& operator=(const SlowNote&) = delete;

 private:
  void wait(std::chrono::milliseconds delay);

  std::string line_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread thread_;
};

// "looking for images in 'photos' ...", for open_source.
std::string looking_for_images(const std::string& where);

}  // namespace pg::apps
