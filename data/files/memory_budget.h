// memory_budget.h: how much memory reading and decoding images may take, all threads together.
//
// One pool for the bytes of files and one for pixels. A thread takes at most once from each for an
// image, first for its file and then for its pixels, so that threads that wait for pixels never
// wait for each other.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <utility>

namespace pg {

// A number of bytes that threads share; thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t limit) : limit_(limit) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Bytes taken, given back by the destructor; move-only.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept { *this = std::move(other); }
    Share& operator=(Share&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(bytes_, other.bytes_);
      std::swap(kept_, other.kept_);
      return *this;
    }
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    int64_t bytes() const { return bytes_; }

    // Gives back everything above so many bytes.
    void keep_only(int64_t bytes);

   private:
    friend class MemoryBudget;
    Share(MemoryBudget& budget, int64_t bytes, bool kept)
        : budget_(&budget), bytes_(bytes), kept_(kept) {}

    MemoryBudget* budget_ = nullptr;
    int64_t bytes_ = 0;
    bool kept_ = false;
  };

  // Waits until others have given back enough; requests are served in order. Throws FormatError,
  // which names `what` and the limit (set_decoding_memory), if the bytes can never fit.
  Share take(int64_t bytes, std::string_view what);

  // The same for memory held as long as its source of images is open: later requests must fit
  // beside it.
  Share keep(int64_t bytes, std::string_view what);

  int64_t limit() const;
  int64_t used() const;
  int64_t waiting() const;  // requests

  // Shares already taken stay.
  void set_limit(int64_t limit);

 private:
  Share take(int64_t bytes, std::string_view what, bool kept);
  void give_back(int64_t bytes, bool kept);
  void check(int64_t bytes, std::string_view what) const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int64_t limit_, used_ = 0, kept_ = 0;
  uint64_t next_ticket_ = 0, serving_ = 0;  // requests are served in the order of their tickets
};

// The pools of this process: three eighths of data.memory_limit for files, half for pixels, while
// they are decoded and resampled. 256 MiB and 512 MiB until set_decoding_memory() is called.
MemoryBudget& file_budget();
MemoryBudget& pixel_budget();

// The last eighth: results that wait for their turn (data/sets/ordered_parallel.h).
int64_t result_memory();

// data.memory_limit, in bytes, above 0. name: what error messages call it.
void set_decoding_memory(int64_t bytes, std::string_view name = "data.memory_limit");

// Its default: a quarter of the free memory, but 256 MiB or half, whatever is less, if that is
// more.
int64_t default_decoding_memory(int64_t free_bytes);

}  // namespace pg
