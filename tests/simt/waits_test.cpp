// waits_test.cpp: the training loop does not wait for the device between two iterations.
#include <gtest/gtest.h>

#include "tests/model/small_run.h"
#include "tests/simt/host/test.h"

namespace pg {
namespace {

class WaitsWhileTraining : public SmallRun {
 protected:
  std::unique_ptr<Backend> make_backend() override { return make_cuda_backend(0); }
};

// Statistics are read after the first iteration and then five times a second; nothing else waits
// until the tick ends. Iterations that compute nothing take milliseconds, so most are not
// interrupted.
TEST_F(WaitsWhileTraining, AreForStatisticsAlone) {
  const simt::DryRun dry;
  config_.schedule.tick_kimg_base = config_.schedule.total_kimg;
  config_.checkpoint.every_minutes = 0;
  std::vector<int64_t> waits;
  each_iteration_ = [&] { waits.push_back(simt::waits()); };
  train(run_folder("run"), kNever);
  ASSERT_EQ(waits.size(), 16u);
  int64_t resolutions = 2, interrupted = 0;  // a new resolution releases the memory of the old one
  for (size_t i = 1; i < waits.size(); ++i) interrupted += waits[i] > waits[i - 1] ? 1 : 0;
  EXPECT_LE(interrupted, resolutions + 2);
}

}  // namespace
}  // namespace pg
