// memory_budget_test.cpp: limits, waiting and its order.
#include "data/files/memory_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "kernels/error.h"
#include "tests/data/support.h"

namespace pg {
namespace {

TEST(MemoryBudget, SharesAreGivenBack) {
  MemoryBudget budget(100);
  {
    const MemoryBudget::Share a = budget.take(60, "a");
    MemoryBudget::Share b = budget.take(40, "b");
    EXPECT_EQ(budget.used(), 100);
    b.keep_only(50);
    EXPECT_EQ(budget.used(), 100);
    b.keep_only(10);
    EXPECT_EQ(budget.used(), 70);
    b = {};
    EXPECT_EQ(budget.used(), 60);
  }
  EXPECT_EQ(budget.used(), 0);
}

TEST(MemoryBudget, RejectsMoreThanItsLimitByName) {
  MemoryBudget budget(5000000);
  try {
    budget.take(7000001, "a.jpg");
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_STREQ(error.what(),
                 "a.jpg needs 8 MB of memory, more than the 5 MB that data.memory_limit allows for "
                 "it; make it smaller or raise data.memory_limit");
  }
  EXPECT_EQ(budget.used(), 0);
}

TEST(MemoryBudget, ThreadsNeverTakeMoreTogether) {
  MemoryBudget budget(100);
  std::atomic<int64_t> used = 0, most = 0;
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int k = 0; k < 200; ++k) {
        const MemoryBudget::Share share = budget.take(10 + 12 * t, "image");
        const int64_t now = used += share.bytes();
        for (int64_t seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        used -= share.bytes();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 100);
  EXPECT_EQ(budget.used(), 0);
}

TEST(MemoryBudget, ALargeRequestIsNotOvertakenForEver) {
  MemoryBudget budget(100);
  MemoryBudget::Share first = budget.take(50, "first");
  std::atomic<int> order = 0;
  int large = 0, small = 0;
  std::thread a([&] {
    const MemoryBudget::Share share = budget.take(100, "large");
    large = ++order;
  });
  while (budget.waiting() < 1) std::this_thread::yield();
  std::thread b([&] {
    const MemoryBudget::Share share = budget.take(10, "small");
    small = ++order;
  });
  while (budget.waiting() < 2) std::this_thread::yield();
  first = {};
  a.join();
  b.join();
  EXPECT_EQ(large, 1);
  EXPECT_EQ(small, 2);
}

// A waiting request could otherwise wait for memory that is never given back.
TEST(MemoryBudget, KeptMemoryLowersTheLimitOfOthers) {
  MemoryBudget budget(100);
  MemoryBudget::Share kept = budget.keep(60, "idx file");
  EXPECT_THROW(budget.take(41, "image"), FormatError);
  EXPECT_THROW(budget.keep(41, "image"), FormatError);
  EXPECT_EQ(budget.take(40, "image").bytes(), 40);
  kept = {};
  EXPECT_EQ(budget.take(100, "image").bytes(), 100);
}

TEST(MemoryBudget, TheLimitOfTheProcessIsSplit) {
  set_decoding_memory(80000000);
  EXPECT_EQ(file_budget().limit(), 30000000);
  EXPECT_EQ(pixel_budget().limit(), 40000000);
  EXPECT_EQ(result_memory(), 10000000);
  set_decoding_memory(int64_t{1} << 30);
}

TEST(MemoryBudget, ErrorsCallTheLimitByTheNameItWasGivenBy) {
  set_decoding_memory(1600, "--memory-limit");
  EXPECT_HAS(testing::error_of<FormatError>([] { file_budget().take(601, "a.jpg"); }),
             "a.jpg needs 1 kB of memory, more than the 0 kB that --memory-limit allows for it; "
             "make it smaller or raise --memory-limit");
  set_decoding_memory(int64_t{1} << 30);
  EXPECT_HAS(testing::error_of<FormatError>([] { file_budget().take(int64_t{1} << 30, "a.jpg"); }),
             "more than the 402 MB that data.memory_limit allows");
}

TEST(MemoryBudget, TheDefaultIsAQuarterButUsableOnSmallMachines) {
  EXPECT_EQ(default_decoding_memory(int64_t{16} << 30), int64_t{4} << 30);
  EXPECT_EQ(default_decoding_memory(int64_t{600} << 20), int64_t{256} << 20);
  EXPECT_EQ(default_decoding_memory(int64_t{100} << 20), int64_t{50} << 20);
  EXPECT_GT(default_decoding_memory(0), 0);
}

}  // namespace
}  // namespace pg
