// micro_batch_test.cpp: a minibatch computed in parts has the gradients, losses and random numbers
// of the whole.
#include "model/config/micro_batch.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/ops/ops.h"
#include "engine/random.h"
#include "kernels/philox.h"
#include "model/networks/gradcheck.h"
#include "model/training/gan.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

constexpr int64_t kImages = 10;  // five groups of two
constexpr int64_t kAtOnce = 4;   // parts of 4, 4 and 2 images

// A minibatch in f64 for the small networks of gradcheck.
class Split {
 public:
  Split(const std::string& name, const Fade& fade)
      : config_(gradcheck_config(name)),
        backend_(make_cpu_backend(1, CpuPath::direct)),
        context_(*backend_, {.persistent = 1 << 20, .step = 16 << 20}),
        generator_(config_.model, DType::f64),
        networks_(context_, config_, fade) {
    RandomStream random(context_, 8, 1);
    const int64_t r = fade.resolution;
    const Shape images{kImages, r, r, config_.model.channels};
    real_ = random.normal(images, DType::f64);
    fake_ = random.normal(images, DType::f64);
    mix_ = random.uniform({kImages}, DType::f64);
    z_ = random.normal({kImages, 1, 1, latent_size(config_)}, DType::f64);
    if (label_count(config_) == 0) return;
    const int32_t classes[kImages] = {0, 2, 1, 2, 0, 1, 1, 0, 2, 2};
    labels_ = ops::convert(one_hot(context_, classes, label_count(config_)), DType::f64);
  }

  // The gradient of one network, then losses and scores, with schedule.micro_batch = at_once.
  std::vector<double> results(Network network, int64_t at_once) {
    config_.schedule.micro_batch = at_once;
    const ParameterStore& store = networks_.store(network);
    const Tensor gradient = full(store.flat().shape(), 7.0, store.flat());
    const std::vector<Tensor> into = store.views(gradient, networks_.fade().resolution);
    std::vector<double> numbers =
        network == Network::discriminator ? discriminator(into) : generator(into);
    for (const Tensor& g : into) {
      const std::vector<double> values = to_host(g);
      numbers.insert(numbers.end(), values.begin(), values.end());
    }
    return numbers;
  }

 private:
  static MinibatchPart place(const MicroBatch& part) {
    return {.minibatch = part.minibatch(),
            .gradients = part.first == 0 ? Accumulate::overwrite : Accumulate::add};
  }
  std::vector<MicroBatch> parts() const {
    return micro_batches(config_, networks_.fade().resolution, kImages);
  }
  std::vector<double> discriminator(std::span<const Tensor> into) {
    DiscriminatorLoss l;
    for (const MicroBatch& part : parts()) {
      add_share(
          l, discriminator_gradients(config_, networks_.discriminator(),
                                     networks_.store(Network::discriminator), networks_.fade(),
                                     {.images = ops::concat_batch(part.of(real_), part.of(fake_)),
                                      .mix = part.of(mix_),
                                      .labels = part.of(labels_),
                                      .part = place(part)},
                                     into));
    }
    std::vector<double> numbers;
    for (const Tensor& t : {l.real_score, l.fake_score, l.gradient_norm, l.penalty, l.total}) {
      numbers.push_back(to_host(t)[0]);
    }
    return numbers;
  }
  std::vector<double> generator(std::span<const Tensor> into) {
    GeneratorLoss l;
    for (const MicroBatch& part : parts()) {
      add_share(l, generator_gradients(
                       config_, generator_, networks_.store(Network::generator),
                       networks_.discriminator(), networks_.store(Network::discriminator),
                       networks_.fade(),
                       {.z = part.of(z_), .labels = part.of(labels_), .part = place(part)}, into));
    }
    return {to_host(l.fake_score)[0], to_host(l.total)[0]};
  }

  Config config_;
  std::unique_ptr<Backend> backend_;
  Context context_;
  Generator generator_;
  GradcheckNetworks networks_;
  Tensor real_, fake_, mix_, z_, labels_;
};

class MicroBatches : public testing::TestWithParam<std::string> {};

TEST_P(MicroBatches, GradientsAndLossesAreThoseOfTheWholeMinibatch) {
  for (const Fade& fade : {Fade{8, 0.3}, Fade{16}}) {
    Split split(GetParam(), fade);
    for (const Network network : {Network::discriminator, Network::generator}) {
      const std::vector<double> whole = split.results(network, 0);
      const std::vector<double> parts = split.results(network, kAtOnce);
      ASSERT_EQ(whole.size(), parts.size());
      double largest = 1.0;
      for (const double x : whole) largest = std::max(largest, std::abs(x));
      for (size_t i = 0; i < whole.size(); ++i) {
        ASSERT_NEAR(parts[i], whole[i], 1e-12 * largest) << "number " << i;
      }
    }
  }
}

// official-tf has groups in strided order, gan-zoo in contiguous order, plain-layers none; the
// others have classes, penalties and losses. Presets with statistics over the whole minibatch
// cannot be split.
INSTANTIATE_TEST_SUITE_P(Networks, MicroBatches,
                         testing::Values("official-tf", "gan-zoo", "acgan", "projection",
                                         "logistic-r1", "hinge", "lsgan", "plain-layers"),
                         [](const auto& name) {
                           std::string s = name.param;
                           std::replace(s.begin(), s.end(), '-', '_');
                           return s;
                         });

TEST(MicroBatch, GroupsAreThoseOfTheWholeMinibatch) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  Context context(*backend, {.persistent = 1 << 12, .step = 1 << 16});
  std::vector<double> numbers(24);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i);
  const Tensor x(context, {24}, DType::f32);
  from_host(x, numbers);
  for (const GroupOrder order : {GroupOrder::strided, GroupOrder::contiguous}) {
    Config c = preset("official-tf");
    c.model.mbstd_order = order;
    c.schedule.micro_batch = 11;  // two groups of four
    std::multiset<double> seen;
    for (const MicroBatch& part : micro_batches(c, 4, 24)) {
      const std::vector<double> rows = to_host(part.of(x));
      ASSERT_EQ(rows.size(), 8u);
      seen.insert(rows.begin(), rows.end());
      std::map<size_t, std::set<int64_t>> groups;  // of the part, as groups of the minibatch
      for (size_t j = 0; j < rows.size(); ++j) {
        const auto i = static_cast<int64_t>(rows[j]);
        const bool strided = order == GroupOrder::strided;
        groups[strided ? j % 2 : j / 4].insert(strided ? i % 6 : i / 4);
      }
      for (const auto& [mine, theirs] : groups) EXPECT_EQ(theirs.size(), 1u);
    }
    EXPECT_EQ(seen, std::multiset<double>(numbers.begin(), numbers.end()));
  }
}

TEST(MicroBatch, StatisticsOverTheWholeMinibatchAreNotSplit) {
  Config c = preset("paper");
  EXPECT_EQ(micro_batch_at(c, 4, 16), 16);
  c.model.resolution = 8;
  c.schedule.micro_batch = 4;
  const std::string error = error_of<UsageError>([&] { validate(c); });
  EXPECT_NE(error.find("the whole minibatch"), std::string::npos) << error;
}

TEST(MicroBatch, TableByResolutionGoesFirst) {
  Config c = preset("official-tf");
  c.schedule.micro_batch = 16;
  set_assignment(c, "schedule.micro_batches={16 = 8, 32 = 0}");
  EXPECT_EQ(micro_batch_at(c, 8, 64), 16);
  EXPECT_EQ(micro_batch_at(c, 16, 64), 8);
  EXPECT_EQ(micro_batch_at(c, 32, 64), 64);
}

// In f32 and through all of an iteration: latents, fades, labels, both optimizers.
TEST(MicroBatch, IterationsDrawTheSameNumbersAndGiveTheSameStatistics) {
  const auto run = [](int64_t at_once) {
    Config c = preset("official-tf");
    c.model.fmap_base = 64;
    c.model.latent_size = 8;
    c.model.conditioning = Conditioning::acgan;
    c.schedule.micro_batch = at_once;
    resolve(c, {.resolution = 8, .channels = 3, .images = 100, .labels = 3});
    const std::unique_ptr<Backend> backend = make_cpu_backend(1);
    Context context(*backend, {.persistent = 1 << 20, .step = 4 << 20});
    Gan gan(context, c);
    std::vector<uint8_t> images(12 * 8 * 8 * 3), mirror(12, 0);
    std::vector<int32_t> labels(12);
    for (size_t i = 0; i < images.size(); ++i) {
      images[i] = static_cast<uint8_t>(philox(3, 1, i).word[0] >> 24);
    }
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int32_t>(i * i % 3);
    mirror[5] = 1;
    for (int i = 0; i < 2; ++i) {
      // Adam's first step has the same length for rounding noise: keep the weights unchanged.
      gan.iterate({.fade = {8, 0.4}, .g_learning_rate = 0, .d_learning_rate = 0},
                  {.images = images, .mirror = mirror, .labels = labels, .g_labels = labels});
    }
    const RandomState random = gan.state().random_state();
    const TrainingStats s = gan.stats().means();
    return std::pair(
        std::pair(random.latents, random.mixing),
        std::vector<double>{s.real_score, s.fake_score, s.d_loss, s.g_loss, s.penalty,
                            s.gradient_norm, s.d_weight_gradient_norm, s.g_weight_gradient_norm});
  };
  const auto whole = run(0);
  for (const int64_t at_once : {4, 8}) {
    const auto parts = run(at_once);
    EXPECT_EQ(parts.first, whole.first);
    for (size_t i = 0; i < whole.second.size(); ++i) {
      EXPECT_NEAR(parts.second[i], whole.second[i], 2e-5 * std::abs(whole.second[i])) << i;
    }
  }
}

}  // namespace
}  // namespace pg
