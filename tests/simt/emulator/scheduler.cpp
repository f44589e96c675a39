// scheduler.cpp: chooses the thread of the block that runs next.
#include <algorithm>

#include "tests/simt/emulator/machine.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace pg::simt {

bool in_emulator = true;
Machine machine;

namespace {

constexpr uint64_t kReversed = 1;  // seeds: 0 by index, 1 reversed, others random
constexpr uint64_t kMostIdleYields = 1'000'000;

// A ring with the ranks of runnable threads; its size is the number of threads.
class ReadyRing {
 public:
  uint32_t size() const { return count_; }
  void clear() { head_ = count_ = 0; }
  void push_back(uint32_t rank) { at(count_++) = rank; }
  void push_front(uint32_t rank) {
    --head_;
    ++count_;
    at(0) = rank;
  }
  uint32_t pop_back() { return at(--count_); }
  uint32_t pop_front() {
    const uint32_t rank = at(0);
    ++head_;
    --count_;
    return rank;
  }
  uint32_t pop(uint32_t i) {
    std::swap(at(0), at(i));
    return pop_front();
  }

 private:
  uint32_t& at(uint32_t i) { return ranks_[(head_ + i) % kMaxThreads]; }

  uint32_t ranks_[kMaxThreads];
  uint32_t head_ = 0, count_ = 0;
};

ReadyRing ready;

Lane* take_ready() {
  if (ready.size() == 0) return nullptr;
  if (machine.seed == 0) return &machine.lanes[ready.pop_front()];
  if (machine.seed == kReversed) return &machine.lanes[ready.pop_back()];
  return &machine.lanes[ready.pop(static_cast<uint32_t>(machine.random.next() % ready.size()))];
}

void resume(Fiber& from, Lane& next) {
  machine.current = &next;
  threadIdx = next.index;
  switch_fibers(from, next.fiber);
}

}  // namespace

void forget_ready() { ready.clear(); }

void make_ready(Lane& lane) {
  lane.state = LaneState::ready;
  ready.push_back(lane.rank);
}

void run_first() {
  resume(machine.host, *take_ready());
  machine.current = nullptr;
}

void run_next() {
  Lane* const self = machine.current;
  Lane* const next = take_ready();
  if (next == self) return;
  if (next != nullptr) {
    resume(self->fiber, *next);
    return;
  }
  if (machine.live > 0) report_deadlock();
  machine.current = nullptr;
  switch_fibers(self->fiber, machine.host);
}

void yield() {
  if (machine.current == nullptr) return;
  const EmulatorScope scope;
  if (++machine.idle_yields > kMostIdleYields) {
    fail(text("livelock in %s: threads only spin", block_name().chars));
  }
  if (machine.seed == kReversed) {  // threads are taken from the back: the front runs last
    machine.current->state = LaneState::ready;
    ready.push_front(machine.current->rank);
  } else {
    make_ready(*machine.current);
  }
  run_next();
}

void maybe_yield() {
  constexpr unsigned kRegularly = 64, kRandomly = 4;
  static unsigned calls = 0;
  if (machine.current == nullptr) return;
  const bool now =
      machine.seed > kReversed ? machine.random.next() % kRandomly == 0 : ++calls % kRegularly == 0;
  if (now) yield();
}

unsigned lane_id() { return machine.current->lane; }
void* dynamic_smem() { return machine.smem; }
void set_seed(uint64_t seed) { machine.seed = seed; }

size_t random_choice(size_t count) {
  uint64_t& state = machine.choices;
  state = state * 6364136223846793005u + 1442695040888963407u + machine.seed;
  return (state >> 33) % count;
}

void seed_choices(uint64_t seed) { machine.choices = 7 + (seed << 32); }

}  // namespace pg::simt
