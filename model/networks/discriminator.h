// discriminator.h: the progressively grown discriminator (critic), the generator's mirror image.
//
//   image   conv 1x1 from colour channels, + b, lrelu
//   RxR     conv 3x3, + b, lrelu;  conv 3x3 and 2x2 average (one folded kernel), + b, lrelu; during
//           a fade-in blended with the layer above fed by the pooled image
//   4x4     minibatch stddev as last channel, conv 3x3, + b, lrelu;  dense, + b, lrelu;  dense, + b
#pragma once

#include "model/networks/device_fade.h"
#include "model/networks/weights.h"

namespace pg {

struct DiscriminatorOutput {
  Tensor score;   // [N, 1, 1, 1]
  Tensor logits;  // [N, 1, 1, K] where model.conditioning is acgan, else empty
};

class Discriminator {
 public:
  // `config` must be resolved (resolution, channels set).
  explicit Discriminator(const Config& config);

  std::vector<ParameterSpec> specs() const;

  // images [N, R, R, channels] -> critic scores. The N images are `batches` minibatches in a row,
  // each with minibatch statistics of its own. fade as in Generator::forward. labels: one-hot
  // [N, 1, 1, K], where model.conditioning is projection, whose score is
  //   s + <h, E y>,  h the input of the last layer, E [C, K] = embedding / sqrt(C)
  // (Miyato and Koyama 2018).
  DiscriminatorOutput forward(const Weights& w, const Tensor& images, const Tensor& labels,
                              const DeviceFade& fade, int64_t batches) const;

 private:
  Tensor layer(const Weights& w, const Tensor& x, int64_t resolution, const char* name,
               const ConvGeometry& shape) const;
  Tensor from_rgb(const Weights& w, const Tensor& images, int64_t resolution) const;
  Tensor block(const Weights& w, const Tensor& x, int64_t resolution) const;
  DiscriminatorOutput head(const Weights& w, const Tensor& x, const Tensor& labels,
                           int64_t batches) const;
  Tensor with_stddev(const Tensor& x, int64_t batches) const;

  Config config_;
};

}  // namespace pg
