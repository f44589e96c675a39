// ordered_pipeline.h: items of one thread, worked on by several others and consumed in order.
//
// The opposite of ordered_parallel.h: here the calling thread makes the items, while others encode
// and write them. At most `window` items are held, so memory does not grow with their number.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace pg {

template <typename Item, typename Result>
class OrderedPipeline {
 public:
  using Work = std::function<Result(const Item&)>;  // from any thread
  using Consume = std::function<void(Result)>;      // from any thread, one call at a time, in order

  OrderedPipeline(int64_t threads, int64_t window, Work work, Consume consume)
      : window_(static_cast<size_t>(window)), work_(std::move(work)), consume_(std::move(consume)) {
    for (int64_t t = 0; t < threads; ++t) threads_.emplace_back([this] { run_worker(); });
  }

  // Items that no thread has consumed yet are dropped.
  ~OrderedPipeline() {
    const std::unique_lock lock(mutex_);
    stop();
  }
  OrderedPipeline(const OrderedPipeline&) = delete;
  OrderedPipeline& operator=(const OrderedPipeline&) = delete;

  // Waits until there is room. Throws the first exception of `work` or `consume`, in the order of
  // items; nothing is consumed after it.
  void submit(Item item) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return error_ || jobs_.size() < window_; });
    if (error_) std::rethrow_exception(error_);
    jobs_.push_back({std::move(item), std::nullopt, nullptr});
    added_.notify_one();
  }

  // Waits until everything is consumed. Throws as submit.
  void finish() {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return error_ || (jobs_.empty() && !consuming_); });
    if (error_) std::rethrow_exception(error_);
  }

 private:
  struct Job {
    Item item;
    std::optional<Result> result;
    std::exception_ptr error;
  };

  void run_worker() {
    std::unique_lock lock(mutex_);
    for (;;) {
      added_.wait(lock, [&] { return stopped_ || started_ < jobs_.size(); });
      if (stopped_) return;
      Job& job = jobs_[started_++];  // stays in place while others are added and removed
      lock.unlock();
      std::optional<Result> result;
      std::exception_ptr error;
      try {
        result.emplace(work_(job.item));
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      job.result = std::move(result);
      job.error = error;
      consume_ready(lock);
    }
  }

  // Whichever thread completes the oldest item consumes it and those that were waiting for it.
  void consume_ready(std::unique_lock<std::mutex>& lock) {
    if (consuming_) return;
    consuming_ = true;
    while (!error_ && !jobs_.empty() && (jobs_.front().result || jobs_.front().error)) {
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      --started_;
      moved_.notify_all();
      lock.unlock();
      std::exception_ptr error = job.error;
      try {
        if (!error) consume_(std::move(*job.result));
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      if (error) {
        error_ = error;
        stop();
      }
      moved_.notify_all();
    }
    consuming_ = false;
    moved_.notify_all();
  }

  void stop() {
    stopped_ = true;
    added_.notify_all();
  }

  size_t window_;
  Work work_;
  Consume consume_;
  std::mutex mutex_;
  std::condition_variable added_, moved_;
  std::deque<Job> jobs_;  // from the oldest that is not consumed
  size_t started_ = 0;    // of them: handed to a thread
  bool consuming_ = false, stopped_ = false;
  std::exception_ptr error_;
  std::vector<std::jthread> threads_;  // the last member: joined before the others end
};

}  // namespace pg
