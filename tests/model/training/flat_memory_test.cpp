// flat_memory_test.cpp: memory does not grow over ten thousand iterations of a run.
#include "tests/kernels/memory_meter.h"
#include "tests/model/small_run.h"

namespace pg {
namespace {

class FlatMemory : public SmallRun {
 protected:
  std::unique_ptr<Backend> make_backend() override {
    auto backend = std::make_unique<test::MeteredBackend>(make_cpu_backend(1));
    backend_ = backend.get();
    return backend;
  }

  test::MeteredBackend* backend_ = nullptr;
};

// With sample images, statistics, checkpoints and divergence checks.
TEST_F(FlatMemory, WithinOnePercentOverTenThousandIterationsAndInEachStage) {
  // Sanitizers, under which it takes minutes, see leaks without it.
  constexpr double kIterations = test::kResidenceTells ? 10000 : 3000;
  constexpr double kStageIterations = kIterations / 3;
  config_.schedule.lod_training_kimg = config_.schedule.lod_transition_kimg =
      kStageIterations * 8 / 1000;
  config_.schedule.total_kimg = kIterations * 8 / 1000;
  config_.schedule.tick_kimg_base = 100 * 8 / 1000.0;
  config_.checkpoint.every_kimg = 500 * 8 / 1000.0;
  std::map<int, std::pair<double, double>> device, heap, process;  // minimum and maximum, by stage
  int64_t iteration = 0;
  each_iteration_ = [&] {
    const int stage = static_cast<int>(static_cast<double>(iteration) / kStageIterations);
    const double in_stage = static_cast<double>(iteration++) - stage * kStageIterations;
    if (in_stage < 600) return;  // the growth of the stage, its first images and checkpoint
    const auto note = [stage](auto& seen, int64_t bytes) {
      const auto now = static_cast<double>(bytes);
      const auto [entry, first] = seen.try_emplace(stage, now, now);
      entry->second.first = std::min(entry->second.first, now);
      entry->second.second = std::max(entry->second.second, now);
    };
    note(device, backend_->held());
    if (iteration % 50 == 0) {
      note(heap, test::heap_bytes());
      note(process, test::resident_bytes());
    }
  };
  train(run_folder("run"), kNever);
  ASSERT_GE(iteration, kIterations - 10);
  ASSERT_EQ(device.size(), 3u);
  for (const auto& [stage, bytes] : device) {
    EXPECT_EQ(bytes.first, bytes.second) << "of the device, in stage " << stage;
  }
  if (!test::kResidenceTells) return;
  // The heap includes blocks never touched so far; the limit is relative to resident memory.
  for (const auto& [stage, bytes] : heap) {
    EXPECT_LE(bytes.second - bytes.first, 0.01 * process[stage].first)
        << "of the heap, in stage " << stage;
  }
  // malloc grows by some hundred kilobytes at a time, more than 1 % of a process of 24 MB, at times
  // that depend on the loader's thread.
  constexpr double kAllocatorStep = 1 << 20;
  for (const auto& [stage, bytes] : process) {
    EXPECT_LE(bytes.second, 1.01 * bytes.first + kAllocatorStep)
        << "of the process, in stage " << stage;
    std::cout << "heap " << heap[stage].first / 1e6 << " to " << heap[stage].second / 1e6
              << " MB, ";
    std::cout << "stage " << stage << ": " << bytes.first / 1e6 << " to " << bytes.second / 1e6
              << " MB\n";
  }
}

}  // namespace
}  // namespace pg
