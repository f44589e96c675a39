// written_weights_test.cpp: the backend keeps packed copies of filters, yet convolutions use
// the current weights, however they were written.
#include <gtest/gtest.h>

#include <functional>

#include "engine/adam.h"
#include "engine/ops/ops.h"
#include "engine/random.h"
#include "model/foreign/export.h"
#include "model/foreign/import.h"
#include "model/run/checkpoint.h"
#include "tests/cuda/training_cases.h"
#include "tests/model/temporary_folder.h"

namespace pg::test {
namespace {

using Results = std::vector<std::vector<double>>;

// Small blocks: the emulator fills what it allocates.
constexpr ArenaBlocks kBlocks{.persistent = 1 << 20, .step = 1 << 20};

// Both passes that multiply by a filter, in every mode, with every 3x3 filter of the store.
Results convolutions(const ParameterStore& store, DType activations) {
  RandomStream random(store.flat().context(), 1, 1);
  Results all;
  const auto add = [&](const Tensor& y) { all.push_back(to_host(ops::convert(y, DType::f32))); };
  for (const ParameterSpec& spec : store.specs()) {
    if (spec.shape.h != 3) continue;
    const Tensor w = store.get(spec.name);
    const Tensor x = ops::convert(random.normal({1, 4, 4, spec.shape.c}), activations);
    for (const ConvMode mode : {ConvMode::same, ConvMode::up, ConvMode::down}) {
      const Tensor y = ops::conv2d(x, w, {.mode = mode});
      add(y);
      add(ops::conv2d_input_grad(y, w, x.shape(), {.mode = mode}));
    }
  }
  return all;
}

// The results of a device that has never seen these parameters.
Results fresh_convolutions(const ParameterStore& store, DType activations) {
  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  Context context(*backend, kBlocks);
  ParameterStore copy(context, store.specs());
  from_host(copy.flat(), to_host(store.flat()));
  return convolutions(copy, activations);
}

// Packs the filters of the stores by using them, then writes the stores and uses them again.
void expect_used(const std::vector<const ParameterStore*>& stores,
                 const std::function<void()>& write) {
  for (const DType activations : {DType::f32, DType::bf16}) {
    SCOPED_TRACE(name_of(activations));
    std::vector<Results> before;
    for (const ParameterStore* s : stores) before.push_back(convolutions(*s, activations));
    write();
    for (size_t i = 0; i < stores.size(); ++i) {
      const Results got = convolutions(*stores[i], activations);
      EXPECT_TRUE(got == fresh_convolutions(*stores[i], activations))
          << "stale filter, store " << i;
      EXPECT_TRUE(got != before[i]) << "nothing was written to store " << i;
    }
  }
}

class Convolutions : public TemporaryFolder {
 protected:
  static std::vector<ParameterSpec> specs() {
    return {{.name = "a", .shape = {8, 3, 3, 8}},
            {.name = "bias", .shape = {1, 1, 1, 8}},
            {.name = "b", .shape = {16, 3, 3, 8}, .resolution = 8}};
  }
  Tensor noise(const Shape& shape) { return random_.normal(shape); }
  void expect_used(const std::function<void(const Tensor& w)>& write) {
    test::expect_used({&store_}, [&] { write(store_.get("b")); });
  }

  std::unique_ptr<Backend> backend_ = make_cuda_backend(0, MatrixMath::tf32);
  Context context_{*backend_, kBlocks};
  ParameterStore store_{context_, specs()}, average_{context_, specs()};
  RandomStream random_{context_, 7, 1};
};

TEST_F(Convolutions, UseUploadedWeights) {
  expect_used([&](const Tensor& w) { from_host(w, to_host(noise(w.shape()))); });
  const std::vector<float> values(static_cast<size_t>(store_.get("b").numel()), 0.25f);
  store_.initialize(1, 1);
  test::expect_used({&store_}, [&] {
    from_host(store_.flat(), to_host(noise(store_.flat().shape())));
    backend_->upload(store_.get("b").mutable_view(), values.data());
    backend_->synchronize();
  });
}

TEST_F(Convolutions, UseWeightsCopiedOnTheDevice) {
  expect_used([&](const Tensor& w) { ops::copy_into(w, noise(w.shape())); });
  expect_used([&](const Tensor& w) { backend_->copy(w.mutable_view(), noise(w.shape()).view()); });
}

TEST_F(Convolutions, UseInitializedAndDrawnWeights) {
  uint64_t seed = 1;
  test::expect_used({&store_}, [&] { store_.initialize(seed++, 1); });
  expect_used([&](const Tensor& w) { random_.normal_into(w); });
}

// A gradient check moves weights along a direction and restores them.
TEST_F(Convolutions, UsePerturbedAndRestoredWeights) {
  store_.initialize(1, 1);
  const std::vector<double> first = to_host(store_.get("b"));
  expect_used([&](const Tensor& w) { ops::add_in_place(w, noise(w.shape())); });
  expect_used([&](const Tensor& w) {
    const std::vector<double> now = to_host(w);
    from_host(w, now == first ? std::vector<double>(first.size(), 0.5) : first);
  });
}

TEST_F(Convolutions, UseWeightsOfAdamAndItsEma) {
  store_.initialize(1, 1);
  ops::copy_into(average_.flat(), store_.flat());
  Adam adam(store_, {}, &average_, {.decay = 0.5});
  adam.set_learning_rate(0.1);
  const auto step = [&](int64_t resolution) {
    for (const Tensor& g : adam.gradients(resolution)) ops::copy_into(g, noise(g.shape()));
    adam.step(resolution);
  };
  adam.step(8);  // the EMA equals the weights until the first nonzero gradient
  step(8);
  test::expect_used({&store_, &average_}, [&] { step(8); });
  test::expect_used({&store_, &average_}, [&] { step(4); });  // a prefix: "b" stays
  test::expect_used({&store_, &average_}, [&] {
    step(8);
    step(8);
  });
  test::expect_used({&store_}, [&] {
    step(8);
    ops::add_in_place(store_.get("a"), noise(store_.get("a").shape()));
    step(8);
  });
}

TEST_F(Convolutions, UseImportedWeights) {
  Config config = preset("akanimax");
  config.model.fmap_base = 64;
  config.model.fmap_max = 12;
  config.model.latent_size = 10;
  resolve(config, {.resolution = 8, .channels = 3, .images = 100, .labels = 0});
  const auto specs = parameter_specs(Network::generator, config.model);
  ParameterStore other(context_, specs), store(context_, specs);
  uint64_t seed = 1;
  test::expect_used({&store}, [&] {
    other.initialize(seed++, 1);
    const ExportedNetwork network{"Gs", Network::generator, config, other};
    write_network_safetensors(folder_ / "g", network, Layout::akanimax);
    std::vector<ForeignFile> files;
    files.push_back(read_foreign(folder_ / "g"));
    const ForeignNetworks found = read_networks(files);
    load_network(found, found.g.empty() ? found.ema : found.g, Network::generator, store);
  });
}

// The stores of G, its EMA and D in a run, whose iterations are captured from the second one on.
class ConvolutionsInTraining : public TemporaryFolder {
 protected:
  static std::vector<const ParameterStore*> stores(const SmallRun& run) {
    return {&run.gan().state().g, &run.gan().state().ema, &run.gan().state().d};
  }
  std::unique_ptr<Backend> backend_ = make_cuda_backend(0, MatrixMath::tf32);
};

TEST_F(ConvolutionsInTraining, UseWeightsOfCapturedIterations) {
  for (const Precision precision : {Precision::tf32, Precision::bf16}) {
    SmallRun run(*backend_, small_gan(precision));
    run.iterate({8, 1.0}, 0.01);  // the EMA equals the weights before
    for (int i = 0; i < 2; ++i) expect_used(stores(run), [&] { run.iterate({8, 1.0}, 0.01); });
    expect_used({&run.gan().state().ema}, [&] {
      run.iterate({8, 1.0}, 0.01);
      run.gan().state().restart_ema();
    });
  }
}

// The earlier graph must not be replayed after the resume: it does not pack filters.
TEST_F(ConvolutionsInTraining, UseResumedWeights) {
  const Config config = small_gan(Precision::bf16);
  SmallRun first(*backend_, config), resumed(*backend_, config);
  first.iterate({8, 1.0}, 0.01);
  write_checkpoint(folder_ / "a", first.gan(), {});
  first.iterate({8, 1.0}, 0.01);
  write_checkpoint(folder_ / "b", first.gan(), {});
  for (int i = 0; i < 4; ++i) resumed.iterate({8, 1.0}, 0.02);
  const char* from = "a";
  expect_used(stores(resumed), [&] {
    read_checkpoint(folder_ / from, resumed.gan());
    from = "b";
  });
  for (int i = 0; i < 3; ++i) {
    first.iterate({8, 1.0}, 0.01);
    resumed.iterate({8, 1.0}, 0.01);
    EXPECT_EQ(first.state(""), resumed.state("")) << "iteration " << i << " after the resume";
  }
}

TEST_F(ConvolutionsInTraining, UseWeightsReadFromACheckpoint) {
  const Config config = small_gan(Precision::tf32);
  SmallRun run(*backend_, config);
  Context context(*backend_, kBlocks);
  ParameterStore average(context, run.gan().state().ema.specs());
  expect_used({&average}, [&] {
    run.iterate({8, 1.0}, 0.01);
    write_checkpoint(folder_ / "a", run.gan(), {});
    read_ema(folder_ / "a", average);
  });
}

TEST_F(ConvolutionsInTraining, UseWeightsOfARestartedEma) {
  SmallRun run(*backend_, small_gan(Precision::tf32));
  GanState& state = run.gan().state();
  expect_used({&state.ema}, [&] {
    ops::add_in_place(state.g.flat(), full(state.g.flat().shape(), 0.25, state.g.flat()));
    state.restart_ema();
  });
}

// As UseResumedWeights: the iterations after an import must not replay the earlier graph.
TEST_F(ConvolutionsInTraining, UseWeightsImportedIntoARun) {
  Config config = preset("akanimax");
  config.model.fmap_base = 64;
  config.model.fmap_max = 12;
  config.model.latent_size = 10;
  config.train.precision = Precision::tf32;
  resolve(config, {.resolution = 8, .channels = 3, .images = 100, .labels = 0});
  SmallRun other(*backend_, config), run(*backend_, config), resumed(*backend_, config);
  other.iterate({8, 1.0}, 0.02);
  const ExportedNetwork network{"Gs", Network::generator, config, other.gan().state().g};
  write_network_safetensors(folder_ / "g", network, Layout::akanimax);
  std::vector<ForeignFile> files;
  files.push_back(read_foreign(folder_ / "g"));
  for (int i = 0; i < 4; ++i) run.iterate({8, 1.0}, 0.01);
  load_networks(read_networks(files), run.gan());
  write_checkpoint(folder_ / "a", run.gan(), {});
  read_checkpoint(folder_ / "a", resumed.gan());
  for (int i = 0; i < 3; ++i) {
    run.iterate({8, 1.0}, 0.01);
    resumed.iterate({8, 1.0}, 0.01);
    EXPECT_EQ(run.state(""), resumed.state("")) << "iteration " << i << " after the import";
  }
}

}  // namespace
}  // namespace pg::test
