// loader.h: minibatches of real images, prefetched by a background thread.
//
// The content of a minibatch depends only on its first position and size (shuffle.h), never on
// threads, timing or earlier requests, so a run can be resumed at any position.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "data/sets/dataset.h"

namespace pg {

enum class Mirror { no, yes };

struct LoaderOptions {
  uint64_t seed = 0;
  Mirror mirror = Mirror::no;  // yes: half of the images, at random, are flagged
  int64_t depth = 4;           // minibatches to prefetch
};

struct Batch {
  uint64_t position = 0;  // of the first image: images drawn before this minibatch
  int64_t resolution = 0, n = 0;
  std::vector<uint8_t> images;  // [n, R, R, C]
  std::vector<uint8_t> mirror;  // [n], 1: mirror left to right (on the device)
  std::vector<int32_t> labels;  // [n]
};

class Loader {
 public:
  // `dataset` must outlive the loader.
  Loader(const Dataset& dataset, const LoaderOptions& options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The next n images of the stream, [n, R, R, C] with R = resolution; valid until the next call.
  // The thread prefetches more of the same kind; a request of another kind restarts it without
  // changing the stream. Minibatches may span the end of an epoch. Throws UsageError for n < 1 or a
  // resolution that the dataset lacks.
  const Batch& next(int64_t resolution, int64_t n);

  // Images drawn so far; seek() sets the position of the next image.
  uint64_t position() const { return position_; }
  void seek(uint64_t position) { position_ = position; }

 private:
  struct Request {
    int64_t resolution = 0, n = 0;  // n = 0: nothing to prepare yet
    uint64_t position = 0;
    bool operator==(const Request&) const = default;
  };

  void run();
  void restart(const Request& request);
  void fill(const Request& request, Batch& batch) const;

  const Dataset& dataset_;
  const LoaderOptions options_;
  uint64_t position_ = 0;
  Batch current_;

  std::mutex mutex_;
  std::condition_variable wanted_, ready_;
  Request next_out_;         // the minibatch at the head of the queue, ready or not
  Request upcoming_;         // the one the thread prepares next
  uint64_t generation_ = 0;  // counts restarts, so that a result of an old request is dropped
  std::deque<Batch> queue_;
  std::vector<Batch> spare_;  // memory to reuse
  std::exception_ptr error_;
  bool stop_ = false;
  std::thread thread_;  // last: everything above exists when it starts
};

}  // namespace pg
