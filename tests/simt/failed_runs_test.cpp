// failed_runs_test.cpp: training runs whose device fails, and their repetition.
#include <gtest/gtest.h>

#include "model/run/repetition.h"
#include "tests/model/small_run.h"
#include "tests/simt/host/test.h"

namespace pg {
namespace {

using Milliseconds = std::chrono::milliseconds;

class FailuresWhileTraining : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    config_.train.precision = Precision::fp32;
    config_.checkpoint.every_minutes = 1e-9;  // after each iteration
    config_.checkpoint.images_every_kimg = 0.032;
  }
  void TearDown() override {
    heal();
    SmallRun::TearDown();
  }
  static void heal() {
    simt::plant_fault("");
    simt::reset_device_errors();
    simt::set_stream_order(simt::StreamOrder::at_once);
  }

  std::unique_ptr<Backend> make_backend() override { return make_cuda_backend(0); }

  // The failure of a run with this fault; none if it ends well.
  std::optional<TrainingFailure> failure(const RunFolder& run, const std::string& fault,
                                         const std::filesystem::path& from = {}) {
    simt::plant_fault(fault);
    std::optional<TrainingFailure> result;
    try {
      train(run, kNever, from);
    } catch (const TrainingFailure& e) {
      result = e;
    }
    heal();
    return result;
  }

  // Repeats as the child process does; the failure, if there is one.
  std::optional<DeviceFailure> repetition(const FailurePlace& place, Milliseconds limit,
                                          const std::string& fault) {
    simt::plant_fault(fault);
    const auto backend =
        make_cuda_backend(0, MatrixMath::exact, CudaKernels::own, {.launches = Launches::checked});
    Context context(*backend);
    const Dataset dataset(folder_ / "data");
    const FailedIteration failed{.checkpoint = place.checkpoint,
                                 .iteration = place.last_iteration,
                                 .images_shown = place.images_shown,
                                 .data_position = place.data_position};
    std::optional<DeviceFailure> result;
    iterations_.clear();
    try {
      repeated_ = repeat_iterations(context, config_from_toml(place.config, "config"), dataset,
                                    failed, limit, [&](int64_t i) { iterations_.push_back(i); });
    } catch (const DeviceFailure& e) {
      result = e;
    }
    heal();
    return result;
  }

  std::vector<int64_t> iterations_;
  Repeated repeated_{};
};

// Launch by launch through the whole run, in iterations, statistics, images and checkpoints.
TEST_F(FailuresWhileTraining, LeaveACheckpointThatResumesToTheSameFiles) {
  const RunFolder whole = run_folder("whole");
  train(whole, kNever);
  int failures = 0;
  for (int64_t count = 40; count < 100000; count = count * 5 / 3) {
    SCOPED_TRACE(count);
    const RunFolder run = run_folder(message("run", count));
    if (failures % 2 == 1) simt::set_stream_order(simt::StreamOrder::late);
    const auto e = failure(run, message("direct_conv_kernel:illegal:", count));
    if (!e) break;
    ++failures;
    const FailurePlace& p = e->place();
    EXPECT_LE(p.first_iteration, p.last_iteration + 1);
    if (p.checkpoint.empty()) continue;
    EXPECT_EQ(open_checkpoint(p.checkpoint).path(), p.checkpoint);
    train(run, kNever, p.checkpoint);
    expect_same_files(run, whole, "resumed");
  }
  EXPECT_GT(failures, 4);
}

TEST_F(FailuresWhileTraining, AreOneSentenceWithPlaceAndCheckpoint) {
  const RunFolder run = run_folder("run");
  const auto e = failure(run, "adam_kernel:ecc:11");
  ASSERT_TRUE(e);
  const FailurePlace& p = e->place();
  EXPECT_EQ(p.last_iteration, 6);
  EXPECT_TRUE(e->kernel_unknown());
  const std::string sentence = e->sentence("found");
  EXPECT_EQ(sentence.find('\n'), std::string::npos);
  for (const std::string& part :
       {std::string("the GPU failed in iteration 6 (4x4 stable, 0.048 kimg): the GPU's memory had "
                    "an error that it could not correct (ECC) (cudaErrorECCUncorrectable); found; "
                    "the last checkpoint is "),
        p.checkpoint.string() + " (0.04 kimg); to resume: progan_cuda train --resume " +
            run.path().string() + "; "}) {
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence << "\nlacks " << part;
  }
}

// Nothing waits for the second iteration except what is written after it.
TEST_F(FailuresWhileTraining, LeaveNoFileOfTheMomentThatFailed) {
  config_.checkpoint.every_minutes = 0;
  config_.checkpoint.keep = 0;
  config_.schedule.tick_kimg_base = 0.064;
  const std::pair<double*, const char*> writes[] = {
      {&config_.checkpoint.images_every_kimg, "fakes000000.016.png"},
      {&config_.checkpoint.every_kimg, "checkpoint-000000.016.safetensors"}};
  for (const auto& [every, file] : writes) {
    SCOPED_TRACE(file);
    const double before = *every;
    *every = 0.016;
    const RunFolder run = run_folder(message("run-", file));
    const auto e = failure(run, "adam_kernel:illegal:3");
    ASSERT_TRUE(e);
    EXPECT_EQ(e->place().last_iteration, 2);
    EXPECT_EQ(e->place().checkpoint, run.latest_checkpoint()) << "that of the start";
    EXPECT_EQ(checkpoint_images(run.latest_checkpoint()), 0);
    EXPECT_FALSE(files_of(run).contains(file));
    ASSERT_FALSE(failure(run, "", run.latest_checkpoint()));
    EXPECT_TRUE(files_of(run).contains(file)) << "it is not due in a healthy run either";
    *every = before;
  }
}

// The fault strikes from the first fading iteration on, whichever process trains.
TEST_F(FailuresWhileTraining, AreFoundByRepeatingFromTheCheckpoint) {
  const char* const fault = "FadeIn:illegal";
  const auto e = failure(run_folder("run"), fault);
  ASSERT_TRUE(e);
  const auto again = repetition(e->place(), Milliseconds(60000), fault);
  ASSERT_TRUE(again);
  EXPECT_NE(again->kernel().find("FadeIn"), std::string::npos) << again->kernel();
  EXPECT_EQ(iterations_.back(), e->place().last_iteration);
  EXPECT_EQ(iterations_.size(), 1u) << "the checkpoint is that of the iteration before";
}

TEST_F(FailuresWhileTraining, WithoutACheckpointAreRepeatedFromTheStart) {
  const auto e = failure(run_folder("run"), "FadeIn:illegal");
  ASSERT_TRUE(e);
  FailurePlace place = e->place();
  place.checkpoint.clear();
  EXPECT_TRUE(repetition(place, Milliseconds(60000), "FadeIn:illegal"));
  EXPECT_EQ(iterations_.size(), static_cast<size_t>(place.last_iteration));
}

TEST_F(FailuresWhileTraining, FarFromTheCheckpointAreRepeatedInOneIterationOfTheirStage) {
  const auto e = failure(run_folder("run"), "FadeIn:illegal");
  ASSERT_TRUE(e);
  FailurePlace place = e->place();
  place.checkpoint.clear();
  const auto again = repetition(place, Milliseconds(0), "FadeIn:illegal");
  ASSERT_TRUE(again);
  EXPECT_NE(again->kernel().find("FadeIn"), std::string::npos) << again->kernel();
  EXPECT_EQ(iterations_, (std::vector<int64_t>{1}));
}

TEST_F(FailuresWhileTraining, ThatDoNotRepeatAreNotNamed) {
  const auto e = failure(run_folder("run"), "FadeIn:illegal");
  ASSERT_TRUE(e);
  EXPECT_FALSE(repetition(e->place(), Milliseconds(60000), ""));
  EXPECT_EQ(repeated_, Repeated::whole);
  EXPECT_FALSE(repetition(e->place(), Milliseconds(0), ""));
  EXPECT_EQ(repeated_, Repeated::one);
}

TEST_F(FailuresWhileTraining, ARepetitionWritesNoFile) {
  const RunFolder run = run_folder("run");
  const auto e = failure(run, "FadeIn:illegal");
  ASSERT_TRUE(e);
  const auto before = files_of(run);
  repetition(e->place(), Milliseconds(60000), "");
  EXPECT_EQ(files_of(run), before);
}

}  // namespace
}  // namespace pg
