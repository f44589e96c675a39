// memory_budget.cpp: a counter with a queue of tickets.
#include "data/files/memory_budget.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "kernels/error.h"

namespace pg {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

std::atomic<int64_t>& results() {
  static std::atomic<int64_t> bytes = 128 * kMiB;
  return bytes;
}

struct LimitName {
  std::mutex mutex;
  std::string name = "data.memory_limit";
};

LimitName& limit_name() {
  static LimitName name;
  return name;
}

std::string name_of_limit() {
  const std::lock_guard lock(limit_name().mutex);
  return limit_name().name;
}

// Rounded up, so that it never reads like what is allowed.
std::string needed(int64_t bytes) {
  const bool small = bytes < 1000000;
  const int64_t unit = small ? 1000 : 1000000;
  return message(bytes / unit + (bytes % unit > 0 ? 1 : 0), small ? " kB" : " MB");
}

std::string allowed(int64_t bytes) {
  return bytes < 1000000 ? message(bytes / 1000, " kB") : message(bytes / 1000000, " MB");
}

}  // namespace

MemoryBudget::Share::~Share() {
  if (budget_ != nullptr) budget_->give_back(bytes_, kept_);
}

void MemoryBudget::Share::keep_only(int64_t bytes) {
  if (bytes >= bytes_) return;
  budget_->give_back(bytes_ - bytes, kept_);
  bytes_ = bytes;
}

MemoryBudget::Share MemoryBudget::take(int64_t bytes, std::string_view what) {
  return take(bytes, what, /*kept=*/false);
}

MemoryBudget::Share MemoryBudget::keep(int64_t bytes, std::string_view what) {
  return take(bytes, what, /*kept=*/true);
}

int64_t MemoryBudget::limit() const {
  const std::lock_guard lock(mutex_);
  return limit_;
}

int64_t MemoryBudget::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

int64_t MemoryBudget::waiting() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(next_ticket_ - serving_);
}

void MemoryBudget::set_limit(int64_t limit) {
  {
    const std::lock_guard lock(mutex_);
    limit_ = limit;
  }
  changed_.notify_all();
}

MemoryBudget::Share MemoryBudget::take(int64_t bytes, std::string_view what, bool kept) {
  PG_ASSERT(bytes >= 0);
  std::unique_lock lock(mutex_);
  check(bytes, what);
  const uint64_t ticket = next_ticket_++;
  // A request that no longer fits beside memory kept meanwhile leaves the queue as well.
  changed_.wait(lock, [&] {
    return ticket == serving_ && (bytes <= limit_ - used_ || bytes > limit_ - kept_);
  });
  ++serving_;
  const bool fits = bytes <= limit_ - kept_;
  if (fits) {
    used_ += bytes;
    kept_ += kept ? bytes : 0;
  }
  changed_.notify_all();
  if (!fits) check(bytes, what);
  return {*this, bytes, kept};
}

void MemoryBudget::give_back(int64_t bytes, bool kept) {
  {
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
    kept_ -= kept ? bytes : 0;
  }
  changed_.notify_all();
}

void MemoryBudget::check(int64_t bytes, std::string_view what) const {
  if (bytes <= limit_ - kept_) return;
  const std::string name = name_of_limit();
  throw FormatError(message(what, " needs ", needed(bytes), " of memory, more than the ",
                            allowed(std::max<int64_t>(limit_ - kept_, 0)), " that ", name,
                            " allows for it; make it smaller or raise ", name));
}

MemoryBudget& file_budget() {
  static MemoryBudget budget(256 * kMiB);
  return budget;
}

MemoryBudget& pixel_budget() {
  static MemoryBudget budget(512 * kMiB);
  return budget;
}

int64_t result_memory() { return results(); }

void set_decoding_memory(int64_t bytes, std::string_view name) {
  PG_ASSERT(bytes > 0);
  {
    const std::lock_guard lock(limit_name().mutex);
    limit_name().name = name;
  }
  file_budget().set_limit(bytes / 8 * 3);
  pixel_budget().set_limit(bytes / 2);
  results() = bytes / 8;
}

int64_t default_decoding_memory(int64_t free_bytes) {
  return std::max({free_bytes / 4, std::min(256 * kMiB, free_bytes / 2), kMiB});
}

}  // namespace pg
