// traps_test.cpp: 21 silent mistakes in re-implementations of ProGAN, each made on purpose: parity
// must break in the quantity concerned.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/adam.h"
#include "engine/ops/ops.h"
#include "model/config/schedule.h"
#include "tests/kernels/counting_backend.h"
#include "tests/parity/golden.h"

namespace pg::test {
namespace {

// A hundred thousand times the tolerance of the parity tests in f64.
constexpr double kWrong = 1e-7;

Context& context() {
  static const std::unique_ptr<Backend> backend = make_cpu_backend(2, CpuPath::direct);
  static Context c(*backend);
  return c;
}

struct Trap {
  int number;
  const char* name;
  const char* variant;
  const char* quantity;  // that must differ
  void (*spring)(Config&);
  Golden::Edit edit = nullptr;
};

void PrintTo(const Trap& t, std::ostream* out) { *out << t.name; }

class Traps : public testing::TestWithParam<Trap> {};

TEST_P(Traps, DeliberateMistakeBreaksParity) {
  const Trap& trap = GetParam();
  const Golden golden(trap.variant);
  Config wrong = golden.config();
  trap.spring(wrong);
  const Errors errors = golden.compare(context(), wrong, DType::f64, trap.edit);
  ASSERT_TRUE(errors.contains(trap.quantity)) << trap.quantity;
  EXPECT_GT(errors.at(trap.quantity), kWrong) << trap.number << " " << trap.name;
}

void nothing(Config&) {}

// Upsampling filters as in the file.
void not_mirrored(std::vector<LayoutEntry>& entries) {
  for (LayoutEntry& e : entries) {
    if (!e.foreign.ends_with("Conv0_up/weight")) continue;
    const std::vector<int64_t>& s = e.foreign_shape;
    e.indices = gather_indices({"y x o i", "o y x i", ""},
                               {{'y', s[0]}, {'x', s[1]}, {'o', s[2]}, {'i', s[3]}});
  }
}

// Minibatch stddev as the first channel instead of the last.
void stddev_first(std::vector<LayoutEntry>& entries) {
  for (LayoutEntry& e : entries) {
    if (e.ours != "4x4/Conv/weight" || e.foreign_shape[2] % 2 == 0) continue;
    const int64_t channels = e.foreign_shape[2];
    std::vector<int64_t> turned(e.indices.size());
    for (size_t i = 0; i < turned.size(); ++i) {
      const auto c = static_cast<int64_t>(i) % channels;
      const auto row = static_cast<int64_t>(i) - c;
      turned[i] = e.indices[static_cast<size_t>(row + (c + 1) % channels)];
    }
    e.indices = turned;
  }
}

// The first layer's biases in the order of channels-last images.
void bias_as_it_comes(std::vector<LayoutEntry>& entries) {
  for (LayoutEntry& e : entries) {
    if (e.ours != "4x4/Dense/bias") continue;
    for (size_t i = 0; i < e.indices.size(); ++i) e.indices[i] = static_cast<int64_t>(i);
  }
}

const Trap kTraps[] = {
    {1, "PoolBeforeActivation", "official-tf", "outputs of D",
     [](Config& c) { c.model.down_order = DownOrder::activation_first; },
     [](auto& entries) {
       // The unfused network has other names for the same weights.
       for (LayoutEntry& e : entries) {
         for (const char* name : {"Conv0", "Conv1"}) {
           const bool g = e.ours.find("Conv0_up") != std::string::npos;
           const bool d = e.ours.find("Conv1_down") != std::string::npos;
           const size_t at = e.foreign.find(std::string(name) + "/");
           if (at == std::string::npos || !(g || d)) continue;
           e.foreign.insert(at + 5, g ? "_up" : "_down");
         }
       }
       not_mirrored(entries);
     }},
    {2, "UpsamplingFilterIsMirrored", "official-tf", "outputs of G", nothing, not_mirrored},
    {3, "GroupsAreStrided", "official-tf", "outputs of D",
     [](Config& c) { c.model.mbstd_order = GroupOrder::contiguous; }},
    {3, "GroupsAreContiguous", "gan-zoo", "outputs of D",
     [](Config& c) { c.model.mbstd_order = GroupOrder::strided; }},
    {4, "VarianceIsBiased", "official-tf", "outputs of D",
     [](Config& c) { c.model.mbstd_variance = Variance::unbiased; }},
    {4, "VarianceIsUnbiased", "tutorial", "outputs of D",
     [](Config& c) { c.model.mbstd_variance = Variance::biased; }},
    {5, "StddevIsTheLastChannel", "official-tf", "outputs of D", nothing, stddev_first},
    {6, "FirstBiasIsByValue", "gan-zoo", "outputs of G", nothing, bias_as_it_comes},
    {7, "BiasIsScaled", "gan-zoo", "outputs of G", [](Config& c) { c.model.scale_bias = false; }},
    {8, "NoFadeOfDAt8x8", "gan-zoo", "outputs of D",
     [](Config& c) { c.model.d_fade_at_8x8 = true; }},
    {10, "GainOfToRgbIsOne", "official-tf", "outputs of G",
     [](Config& c) { c.model.to_rgb_gain = std::sqrt(2.0); }},
    {10, "GainOfLastLayerIsRootTwo", "akanimax", "outputs of D",
     [](Config& c) { c.model.last_gain = 1.0; }},
    {12, "NoNormAfterTheFirstLayer", "akanimax", "outputs of G",
     [](Config& c) { c.model.first_pixelnorm = true; }},
    {13, "TanhOfTheBlend", "tutorial", "outputs of G",
     [](Config& c) { c.model.output_activation = OutputActivation::none; }},
    {13, "NoTanhAt4x4", "tutorial", "outputs of G",
     [](Config& c) { c.model.output_activation = OutputActivation::tanh; }},
    {15, "EmaOfWeightsBeforeTheStep", "official-tf", "EMA after 3 steps",
     [](Config& c) { c.optimizer.average_order = EmaOrder::after_update; }},
    {15, "EmaOfWeightsAfterTheStep", "gan-zoo", "EMA after 3 steps",
     [](Config& c) { c.optimizer.average_order = EmaOrder::before_update; }},
    {17, "EpsilonBesideTheUncorrectedRoot", "official-tf", "G after 3 steps",
     [](Config& c) { c.optimizer.epsilon_form = AdamEpsilon::pytorch; }},
    {17, "EpsilonBesideTheCorrectedRoot", "tutorial", "D after 3 steps",
     [](Config& c) { c.optimizer.epsilon_form = AdamEpsilon::tensorflow; }},
    {18, "LossesAreSummed", "gan-zoo", "gradients of D",
     [](Config& c) { c.loss.reduction = Reduction::mean; }},
    {19, "LabelsAreNormalised", "official-tf-labels", "outputs of G",
     [](Config& c) { c.model.normalize_labels = false; }},
    {19, "LabelsAreNotNormalised", "paper-labels", "outputs of G",
     [](Config& c) { c.model.normalize_labels = true; }},
    {20, "PenaltyAtTheFinalResolution", "official-tf", "gradients of D",
     [](Config& c) { c.loss.gp_space = GpSpace::current; }},
    {20, "PenaltyAtTheCurrentResolution", "akanimax", "gradients of D",
     [](Config& c) { c.loss.gp_space = GpSpace::full; }},
};

INSTANTIATE_TEST_SUITE_P(All, Traps, testing::ValuesIn(kTraps), [](const auto& p) {
  return std::to_string(p.param.number) + p.param.name;
});

// 9: GAN zoo's alpha is the weight of the old branch; here it is always that of the new one, so it
// must rise.
TEST(Trap9, AlphaOfGanZooIsReversed) {
  Config c = preset("gan-zoo");
  c.model.resolution = 8;
  const int64_t start = 48000 * 16;
  EXPECT_EQ(schedule_at(c, start).fade.alpha, 0.0);
  EXPECT_EQ(schedule_at(c, start + 19200 * 16).fade.alpha, 1.0);
}

// 11: twice as many channels as the others from 64x64 on.
TEST(Trap11, AkanimaxIsWiderAbove32) {
  const std::vector<int64_t> published = {512, 512, 512, 512, 512, 256, 128, 64, 32};
  for (size_t s = 1; s <= published.size(); ++s) {
    EXPECT_EQ(fmaps(preset("akanimax").model, static_cast<int64_t>(s)), published[s - 1]);
  }
}

// 14: the first convolution of a block changes the channels.
TEST(Trap14, TutorialNarrowsFirst) {
  Config c = preset("tutorial");
  c.model.resolution = 64;
  c.model.channels = 3;
  std::map<std::string, Shape> shapes;
  for (const ParameterSpec& spec : parameter_specs(Network::discriminator, c.model))
    shapes[spec.name] = spec.shape;
  EXPECT_EQ(shapes.at("64x64/Conv0/weight"), (Shape{256, 3, 3, 128}));
  EXPECT_EQ(shapes.at("64x64/Conv1_down/weight"), (Shape{256, 3, 3, 256}));
  const Golden golden("tutorial");
  Config wrong = golden.config();
  wrong.model.narrow_at = NarrowAt::second;
  EXPECT_ANY_THROW(golden.compare(context(), wrong, DType::f64));
}

// 16: a reset includes the step count, so the next step is as long as the first.
TEST(Trap16, ResetIncludesTheStepCount) {
  ParameterStore store(context(), {{.name = "w", .shape = {1, 1, 1, 1}}}, DType::f64);
  Adam adam(store, {.eps = 1e-8});
  adam.set_learning_rate(0.1);
  const auto step = [&](double gradient) {
    const double before = to_host(store.get("w"))[0];
    from_host(adam.gradients(4)[0], std::vector<double>{gradient});
    adam.step(4);
    return before - to_host(store.get("w"))[0];
  };
  const double first = step(1.0);
  step(3.0);
  const double unreset = step(1.0);
  adam.reset();
  EXPECT_NEAR(step(1.0), first, 1e-12);
  EXPECT_GT(std::abs(unreset - first), 1e-3);
}

// A backend whose minibatch stddev has no second derivative.
class FlatStddev : public CountingBackend {
 public:
  using CountingBackend::CountingBackend;
  void minibatch_stddev_vjp2(const MinibatchStddevVjp2Args& a) override {
    CountingBackend::minibatch_stddev_vjp2(a);
    if (a.dx.data != nullptr) fill({.y = a.dx, .value = 0.0});
  }
};

// 21: the second derivative of minibatch stddev is part of the gradient of the penalty.
TEST(Trap21, PenaltyNeedsTheSecondDerivativeOfStddev) {
  KernelCounts counts;
  FlatStddev backend(make_cpu_backend(2, CpuPath::direct), counts);
  Context flat(backend);
  const Golden golden("official-tf");
  const Errors errors = golden.compare(flat, golden.config(), DType::f64);
  EXPECT_GT(counts.all().at("minibatch_stddev_vjp2"), 0);
  EXPECT_GT(errors.at("gradients of D"), kWrong);
  EXPECT_LT(errors.at("gradient penalty"), 1e-12);  // its value is still right
}

}  // namespace
}  // namespace pg::test
