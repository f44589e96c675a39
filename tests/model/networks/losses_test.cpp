// losses_test.cpp: sums and means of losses, and the resolution at which the penalty measures its
// norm. (Gradients: tests/gradcheck.)
#include "model/networks/losses.h"

#include <gtest/gtest.h>

#include "engine/ops/ops.h"
#include "model/networks/gradcheck.h"

namespace pg {
namespace {

Context& context() {
  static const std::unique_ptr<Backend> backend = make_cpu_backend(1, CpuPath::direct);
  static Context c(*backend);
  return c;
}

std::vector<double> gradient(GradcheckNetworks& networks, Network network) {
  const Tensor& weights = networks.store(network).flat();
  const Tensor g = full(weights.shape(), 0.0, weights);
  networks.loss(network, g);
  return to_host(g);
}

// The gradients of summed losses are those of the mean times the number of images.
TEST(Losses, SumIsMeanTimesImages) {
  for (const Network network : {Network::discriminator, Network::generator}) {
    Config c = gradcheck_config("official-tf");
    const Fade fade{8, 0.5};
    GradcheckNetworks means(context(), c, fade);
    c.loss.reduction = Reduction::sum;
    GradcheckNetworks sums(context(), c, fade);
    const std::vector<double> mean = gradient(means, network), sum = gradient(sums, network);
    for (size_t i = 0; i < mean.size(); ++i) EXPECT_NEAR(4 * mean[i], sum[i], 1e-9);
  }
}

// The official version measures the norm at the final resolution: that of the current one divided
// by the factor between them. Here the images are upsampled in front of the network.
TEST(Losses, GradientNormIsThatOfTheFullResolutionImage) {
  const Config config = gradcheck_config("official-tf");
  GradcheckNetworks s(context(), config, {.resolution = 4});
  const ParameterStore& store = s.store(Network::discriminator);
  DiscriminatorInputs& in = s.inputs();
  in.mix = full({4}, 0.0, in.mix);  // mixed = real
  double expected = 0;
  {
    Tape tape(context());
    const Tensor large = tape.watch(ops::upsample(in.real(), 4));
    const Tensor scores =
        s.discriminator().forward(Weights(store, 4), ops::avg_pool(large, 4), {}, {4}, 1).score;
    const Tensor norm_gradient = tape.grad(scores, std::span(&large, 1), {}, GradMode::keep)[0];
    const Tensor squares = ops::sum_to(ops::square(norm_gradient), {4, 1, 1, 1});
    expected = to_host(ops::mean(ops::sqrt(squares)))[0];
  }
  const Tensor scratch = empty_like(store.flat());
  const DiscriminatorLoss l = discriminator_gradients(config, s.discriminator(), store, s.fade(),
                                                      in, store.views(scratch, 4));
  EXPECT_NEAR(to_host(l.gradient_norm)[0], expected, 1e-12 * expected);
}

}  // namespace
}  // namespace pg
