// arena_test.cpp: placement, reuse and accounting of memory.
#include "engine/arena.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace pg {
namespace {

TEST(Arena, TrimReturnsUnusedBlocks) {
  const auto backend = make_cpu_backend(1);
  Arena arena(*backend, 1024);
  void* const first = arena.allocate(512);
  void* const second = arena.allocate(1024);  // in a second block
  EXPECT_EQ(arena.reserved_bytes(), 2048);
  arena.trim();
  EXPECT_EQ(arena.reserved_bytes(), 2048);
  arena.release(second);
  arena.trim();
  EXPECT_EQ(arena.reserved_bytes(), 1024);
  EXPECT_EQ(arena.allocate(256), static_cast<char*>(first) + 512);
  EXPECT_NE(arena.allocate(1024), nullptr);
  EXPECT_EQ(arena.reserved_bytes(), 2048);
}

TEST(Arena, TouchedBytesReachTheHighestByteEverInUse) {
  const auto backend = make_cpu_backend(1);
  Arena arena(*backend, 1024);
  void* const first = arena.allocate(640);
  EXPECT_EQ(arena.touched_bytes(), 640);
  arena.release(first);
  arena.allocate(64);
  EXPECT_EQ(arena.touched_bytes(), 640);
  arena.allocate(4096);
  EXPECT_EQ(arena.touched_bytes(), 640 + 4096);
}

TEST(Arena, PlacesInTheSmallestRangeThatFits) {
  const auto backend = make_cpu_backend(1);
  Arena arena(*backend, 1024);
  void* const large = arena.allocate(256);
  void* const between = arena.allocate(64);
  void* const small = arena.allocate(128);
  void* const last = arena.allocate(64);
  arena.release(large);
  arena.release(small);
  EXPECT_EQ(arena.allocate(100), small);  // rounded up to 128
  EXPECT_EQ(arena.allocate(1), large);
  EXPECT_NE(between, last);
}

TEST(Arena, MergesFreeNeighboursInAnyOrder) {
  const auto backend = make_cpu_backend(1);
  for (const auto& order : {std::array{0, 1, 2}, std::array{0, 2, 1}, std::array{2, 1, 0}}) {
    Arena arena(*backend, 192);
    void* const ranges[] = {arena.allocate(64), arena.allocate(64), arena.allocate(64)};
    for (const int i : order) arena.release(ranges[i]);
    EXPECT_EQ(arena.allocate(192), ranges[0]);
    EXPECT_EQ(arena.reserved_bytes(), 192);
  }
}

TEST(Arena, TheSameRequestsYieldTheSameAddresses) {
  const auto backend = make_cpu_backend(1);
  Arena arena(*backend, 4096);
  const auto iteration = [&] {
    std::vector<void*> all = {arena.allocate(640), arena.allocate(64), arena.allocate(5000)};
    arena.release(all[0]);
    all.push_back(arena.allocate(320));
    for (size_t i = 1; i < all.size(); ++i) arena.release(all[i]);
    return all;
  };
  const std::vector<void*> first = iteration();
  const int64_t peak = arena.peak_bytes();
  EXPECT_EQ(iteration(), first);
  EXPECT_EQ(arena.peak_bytes(), peak);
}

}  // namespace
}  // namespace pg
