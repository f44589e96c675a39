// ordered_pipeline_test.cpp: results arrive in the order of items, in constant memory, or not at
// all.
#include "data/sets/ordered_pipeline.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace pg::testing {
namespace {

using Pipeline = OrderedPipeline<int, int>;

// Earlier items take longer than later ones.
int slow_square(int i) {
  std::this_thread::sleep_for(std::chrono::microseconds(i % 7 == 0 ? 300 : 1));
  return i * i;
}

TEST(OrderedPipeline, ConsumesInOrderWithAnyNumberOfThreads) {
  for (const int threads : {1, 2, 5}) {
    std::vector<int> results;
    Pipeline pipeline(threads, 6, slow_square, [&](int r) { results.push_back(r); });
    for (int i = 0; i < 100; ++i) pipeline.submit(i);
    pipeline.finish();
    ASSERT_EQ(results.size(), 100u);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(results[static_cast<size_t>(i)], i * i);
  }
}

TEST(OrderedPipeline, HoldsAtMostItsWindow) {
  std::atomic<int> consumed = 0;
  std::atomic<bool> open = false;
  Pipeline pipeline(
      2, 4, [](int i) { return i; },
      [&](int) {
        while (!open) std::this_thread::yield();
        ++consumed;
      });
  std::atomic<int> submitted = 0;
  const std::jthread producer([&] {
    for (int i = 0; i < 20; ++i) {
      pipeline.submit(i);
      ++submitted;
    }
  });
  while (submitted < 5) std::this_thread::yield();  // one is being consumed, four are held
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(submitted, 5);
  open = true;
  while (submitted < 20) std::this_thread::yield();
  pipeline.finish();
  EXPECT_EQ(consumed, 20);
}

TEST(OrderedPipeline, TheFirstErrorEndsIt) {
  std::vector<int> results;
  Pipeline pipeline(
      3, 8,
      [](int i) {
        if (i == 10 || i == 12) throw std::runtime_error(std::to_string(i));
        return slow_square(i);
      },
      [&](int r) { results.push_back(r); });
  try {
    for (int i = 0; i < 1000; ++i) pipeline.submit(i);
    FAIL() << "no exception";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "10");
  }
  EXPECT_THROW(pipeline.finish(), std::runtime_error);
  EXPECT_EQ(results.size(), 10u);
}

TEST(OrderedPipeline, AnErrorOfTheConsumerEndsItToo) {
  Pipeline pipeline(2, 4, slow_square, [](int r) {
    if (r == 25) throw std::runtime_error("full");
  });
  EXPECT_THROW(
      {
        for (int i = 0; i < 1000; ++i) pipeline.submit(i);
      },
      std::runtime_error);
}

TEST(OrderedPipeline, EndsWithoutWaitingForTheRest) {
  std::atomic<int> consumed = 0;
  {
    Pipeline pipeline(2, 64, slow_square, [&](int) { ++consumed; });
    for (int i = 0; i < 64; ++i) pipeline.submit(i);
  }
  EXPECT_LE(consumed, 64);
}

}  // namespace
}  // namespace pg::testing
