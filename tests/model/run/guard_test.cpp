// guard_test.cpp: NaN injected into a gradient, a weight or an image is found, named and handled.
#include <cmath>
#include <limits>

#include "kernels/forwarding_backend.h"
#include "tests/model/small_run.h"

namespace pg {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// In which call of the kernel, from 1, a value is injected; 0: never.
struct Faults {
  int64_t gradient = 0, gradients = 1;  // and in how many calls; D and G alternate
  int64_t weight = 0, image = 0;
  int64_t element = 0;
  float value = kNan;
};

class FaultyBackend : public ForwardingBackend {
 public:
  FaultyBackend(std::unique_ptr<Backend> inner, Faults& faults)
      : ForwardingBackend(std::move(inner)), faults_(faults) {}

  void grad_check(const GradCheckArgs& args) override {
    if (args.t && faults_.gradient > 0 && --faults_.gradient == 0) {
      const_cast<float*>(args.g.as<float>())[faults_.element] = faults_.value;
      if (--faults_.gradients > 0) faults_.gradient = 1;
    }
    ForwardingBackend::grad_check(args);
  }
  void adam(const AdamArgs& args) override {
    ForwardingBackend::adam(args);
    if (faults_.weight > 0 && --faults_.weight == 0) {
      args.w.as<float>()[faults_.element] = faults_.value;
    }
  }
  void images_to_float(const ImagesToFloatArgs& args) override {
    ForwardingBackend::images_to_float(args);
    if (faults_.image > 0 && --faults_.image == 0) args.y.as<float>()[0] = faults_.value;
  }

 private:
  Faults& faults_;
};

// 16 iterations, checked after every fourth.
class Guard : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    config_.guard.every = 4;
    config_.guard.max_skipped = 0;
    config_.checkpoint.every_kimg = 0.032;
    config_.checkpoint.keep = 0;
  }

  std::unique_ptr<Backend> make_backend() override {
    return std::make_unique<FaultyBackend>(make_cpu_backend(1), faults_);
  }

  std::string log_of(const RunFolder& run) { return read_text(run.log_file()); }

  // The first element of a parameter in the flat buffer of its network, and its name.
  std::pair<int64_t, std::string> element_in(const std::vector<ParameterSpec>& specs, size_t spec) {
    const std::unique_ptr<Backend> backend = make_cpu_backend(1);
    Context context(*backend);
    const ParameterStore store(context, specs);
    int64_t element = 0;
    while (!store.element_name(element).starts_with(specs[spec].name)) ++element;
    return {element, specs[spec].name};
  }

  Faults faults_;
};

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(Guard, HealthyRunIsNotChanged) {
  const RunFolder checked = run_folder("checked"), unchecked = run_folder("unchecked");
  train(checked, kNever);
  EXPECT_EQ(log_of(checked).find("warning"), std::string::npos) << log_of(checked);
  // Numbers and checkpoints do not depend on how often a run is checked.
  config_.guard.every = 1000000;
  train(unchecked, kNever);
  auto a = files_of(checked), b = files_of(unchecked);
  EXPECT_TRUE(a.at("stats.jsonl") == b.at("stats.jsonl"));
  EXPECT_TRUE(a.at("fakes000000.128.png") == b.at("fakes000000.128.png"));
}

TEST_F(Guard, BadGradientIsNamedWithItsIterationAndItsUpdateSkipped) {
  config_.guard.action = GuardAction::skip;
  config_.guard.max_skipped = 1;
  const auto [element, name] =
      element_in(parameter_specs(Network::discriminator, config_.model), 2);
  faults_ = {.gradient = 2 * 6 - 1, .element = element};  // of D, in the sixth iteration
  const RunFolder run = run_folder("run");
  train(run, kNever);
  const std::string log = log_of(run);
  EXPECT_HAS(log,
             "the gradient of D/" + name + "[0] was not finite in iteration 6; 1 of the last 4");
  EXPECT_EQ(log.find("diverge"), std::string::npos) << log;
  EXPECT_TRUE(std::filesystem::exists(run.checkpoint_file(128)));
}

TEST_F(Guard, BadGradientOfGIsCountedInIterations) {
  config_.guard.action = GuardAction::skip;
  config_.schedule.n_critic = 2;
  faults_ = {.gradient = 3 * 3};  // D D G, D D G, D D G
  const RunFolder run = run_folder("run");
  train(run, kNever);
  EXPECT_HAS(log_of(run), "the gradient of G/");
  EXPECT_HAS(log_of(run), "was not finite in iteration 6");
}

TEST_F(Guard, StopEndsTheRunWithAReasonAndGoodCheckpoints) {
  config_.guard.action = GuardAction::stop;
  const auto [element, name] = element_in(parameter_specs(Network::generator, config_.model), 1);
  faults_ = {.weight = 2 * 7, .element = element};  // of G, in the seventh iteration
  const RunFolder run = run_folder("run");
  const std::string error = error_of<DivergedError>([&] { train(run, kNever); });
  EXPECT_HAS(error, "training diverged at 0.064 kimg: weight G/" + name + "[0] is not finite");
  EXPECT_HAS(error, "--resume " + newest_checkpoint(run).path->string());
  // The one before growing, at the end of the sixth iteration.
  EXPECT_EQ(checkpoint_images(*newest_checkpoint(run).path), 48);
}

TEST_F(Guard, NonFiniteImageIsNamedAsTheCause) {
  config_.guard.action = GuardAction::stop;
  faults_ = {.image = 3};
  const std::string error = error_of<DivergedError>([&] { train(run_folder("run"), kNever); });
  EXPECT_HAS(error, "was not finite in iteration 3, after non-finite scores of real images");
}

TEST_F(Guard, RollbackContinuesFromTheLastGoodCheckpointAndIsRepeatable) {
  const auto rolled_back = [&](const std::string& name) {
    const RunFolder run = run_folder(name);
    faults_ = {.weight = 2 * 10 - 1};  // of D, in the tenth iteration
    train(run, kNever);
    return run;
  };
  const RunFolder one = rolled_back("one"), two = rolled_back("two");
  EXPECT_HAS(log_of(one), "training diverged at 0.096 kimg: weight D/");
  EXPECT_HAS(log_of(one), "rolled back to 0.064 kimg (");
  EXPECT_HAS(log_of(one), "learning rates multiplied by 0.5 (rollback 1 of 3)");
  EXPECT_EQ(untimed(one).size(), 4u);
  expect_same_files(one, two, "after the same fault");
  const RunFolder healthy = run_folder("healthy");
  train(healthy, kNever);
  EXPECT_FALSE(files_of(healthy).at("checkpoint-000000.128.safetensors") ==
               files_of(one).at("checkpoint-000000.128.safetensors"));
}

// With the same random numbers and learning rates, the run would repeat the healthy one.
TEST_F(Guard, RollbackDrawsNewRandomNumbers) {
  config_.guard.learning_rate_factor = 1.0;
  faults_ = {.weight = 2 * 10 - 1};
  const RunFolder run = run_folder("run"), healthy = run_folder("healthy");
  train(run, kNever);
  EXPECT_HAS(log_of(run), "rollback 1 of 3");
  train(healthy, kNever);
  EXPECT_FALSE(untimed(run) == untimed(healthy));
}

// The fault recurs: three rollbacks, then the run ends.
TEST_F(Guard, RollbacksAreBounded) {
  faults_ = {.gradient = 2 * 5, .gradients = 1000};
  const RunFolder run = run_folder("run");
  const std::string error = error_of<DivergedError>([&] { train(run, kNever); });
  EXPECT_HAS(error, "3 rollbacks did not help (guard.tries)");
  EXPECT_HAS(log_of(run), "(rollback 3 of 3)");
  EXPECT_HAS(log_of(run), "learning rates multiplied by 0.125");
}

TEST_F(Guard, LimitsApplyToFiniteNumbers) {
  config_.guard.action = GuardAction::stop;
  const std::vector<std::pair<double GuardConfig::*, std::string>> limits = {
      {&GuardConfig::max_gradient_norm, "gradient norm of the penalty"},
      {&GuardConfig::max_score_gap, "mean scores of real and fake images"},
      {&GuardConfig::max_weight, "weights of G"},
      {&GuardConfig::max_update, "ratio of update norm to weight norm of G"}};
  const GuardConfig before = config_.guard;
  for (const auto& [limit, words] : limits) {
    config_.guard = before;
    config_.guard.*limit = 1e-9;
    const std::string error =
        error_of<DivergedError>([&] { train(run_folder("run-" + words), kNever); });
    EXPECT_HAS(error, words);
  }
}

TEST_F(Guard, SkipContinuesAsTheOfficialCodeDoesAndKeepsTheGoodCheckpoint) {
  config_.guard.action = GuardAction::skip;
  faults_ = {.weight = 2 * 7};
  const RunFolder run = run_folder("run");
  train(run, kNever);
  EXPECT_HAS(log_of(run), "continuing because guard.action is skip");
  EXPECT_HAS(log_of(run), "no checkpoint written at 0.128 kimg: weight G/");
  EXPECT_EQ(checkpoint_images(*newest_checkpoint(run).path), 48);
}

TEST(AdamStep, UpdateNormEqualsTheStepTaken) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  Context context(*backend);
  for (const AdamEpsilon epsilon : {AdamEpsilon::tensorflow, AdamEpsilon::pytorch}) {
    for (const double beta1 : {0.0, 0.5}) {
      ParameterStore store(context, {{.name = "w", .shape = {1, 1, 1, 16}}});
      store.initialize(1, 2);
      Adam adam(store, {.beta1 = beta1, .epsilon = epsilon});
      adam.set_learning_rate(0.01);
      EXPECT_EQ(adam.update_norm(4), 0.0);
      for (int step = 1; step <= 3; ++step) {
        std::vector<double> g(16);
        for (size_t i = 0; i < 16; ++i) g[i] = std::sin(static_cast<double>(i) + step);
        from_host(adam.gradients(4)[0], g);
        const std::vector<double> before = to_host(store.flat());
        adam.step(4);
        const std::vector<double> after = to_host(store.flat());
        double squares = 0.0;
        for (size_t i = 0; i < 16; ++i) squares += (after[i] - before[i]) * (after[i] - before[i]);
        EXPECT_NEAR(adam.update_norm(4) / std::sqrt(squares), 1.0, 1e-5);
      }
    }
  }
}

}  // namespace
}  // namespace pg
