// ordered_parallel.h: work done by several threads, consumed in order by the caller.
//
// At most `window` results exist at a time, so memory does not grow with the number of items, and
// the consumer sees the same sequence for any number of threads.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace pg {

struct ParallelPlan {
  int64_t count = 0;  // items
  int64_t threads = 1;
  int64_t window = 1;  // maximum number of results held
};

// The items handed out and the results not yet taken, a ring of `window` slots.
template <typename Result>
class OrderedResults {
 public:
  struct Slot {
    std::optional<Result> result;
    std::exception_ptr error;
  };

  explicit OrderedResults(const ParallelPlan& plan)
      : plan_(plan), slots_(static_cast<size_t>(plan.window)) {}

  // The next item to work on, once its slot is free; none when all are handed out or stopped.
  std::optional<int64_t> claim() {
    std::unique_lock lock(mutex_);
    room_.wait(lock,
               [&] { return stopped_ || next_ >= plan_.count || next_ < taken_ + plan_.window; });
    if (stopped_ || next_ >= plan_.count) return std::nullopt;
    return next_++;
  }

  void put(int64_t i, Slot slot) {
    const std::lock_guard lock(mutex_);
    slot_of(i) = std::move(slot);
    ready_.notify_one();
  }

  // Waits for the result of item i; items are taken in order.
  Slot take(int64_t i) {
    std::unique_lock lock(mutex_);
    Slot& slot = slot_of(i);
    ready_.wait(lock, [&] { return slot.result || slot.error; });
    taken_ = i + 1;
    room_.notify_all();
    return std::exchange(slot, Slot{});
  }

  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    room_.notify_all();
  }

 private:
  Slot& slot_of(int64_t i) { return slots_[static_cast<size_t>(i % plan_.window)]; }

  ParallelPlan plan_;
  std::vector<Slot> slots_;
  std::mutex mutex_;
  std::condition_variable room_, ready_;
  int64_t next_ = 0, taken_ = 0;
  bool stopped_ = false;
};

// For i = 0..count - 1: consume(i, work(i)), `work` from any thread, `consume` from the calling
// one, in order. The first exception of either, in order of i, is rethrown after all threads have
// ended.
template <typename Work, typename Consume>
void ordered_parallel(const ParallelPlan& plan, Work work, Consume consume) {
  using Results = OrderedResults<decltype(work(int64_t{}))>;
  Results results(plan);
  const auto run_worker = [&] {
    while (const std::optional<int64_t> i = results.claim()) {
      typename Results::Slot slot;
      try {
        slot.result.emplace(work(*i));
      } catch (...) {
        slot.error = std::current_exception();
      }
      results.put(*i, std::move(slot));
    }
  };

  std::vector<std::jthread> threads;  // their destructors join
  struct StopAtExit {
    Results& results;
    ~StopAtExit() { results.stop(); }
  } const stop_at_exit{results};
  for (int64_t t = 0; t < plan.threads; ++t) threads.emplace_back(run_worker);
  for (int64_t i = 0; i < plan.count; ++i) {
    const auto slot = results.take(i);
    if (slot.error) std::rethrow_exception(slot.error);
    consume(i, *slot.result);
  }
}

}  // namespace pg
