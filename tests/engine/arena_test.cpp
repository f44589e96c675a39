// arena_test.cpp: what an arena gives back, and what it says that it holds.
#include "engine/arena.h"

#include <gtest/gtest.h>

namespace pg {
namespace {

TEST(Arena, TrimGivesBackBlocksInWhichNothingIsInUse) {
  const auto backend = make_cpu_backend(1);
  Arena arena(*backend, 1024);
  void* const first = arena.allocate(512);
  void* const second = arena.allocate(1024);  // a block of its own
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

TEST(Arena, TouchedIsTheHighestByteInUseOfEachBlock) {
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

}  // namespace
}  // namespace pg
