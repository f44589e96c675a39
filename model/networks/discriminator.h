// discriminator.h: the progressively grown discriminator (critic), the generator's mirror image.
//
//   image   conv 1x1 from colour channels, + b, lrelu
//   RxR     conv 3x3, + b, lrelu;  conv 3x3 and 2x2 average (one folded kernel), + b, lrelu; during
//           a fade blended with the layer above applied to the pooled image
//   4x4     minibatch stddev as last channel, conv 3x3, + b, lrelu;  dense, + b, lrelu;  dense, + b
#pragma once

#include "model/networks/device_fade.h"
#include "model/networks/labels.h"
#include "model/networks/weights.h"

namespace pg {

// The columns of the last layer that hold class scores (acgan): those after the critic's score or,
// for loss.label_column_bug, those from it on, as in GAN zoo.
enum class LogitColumns : uint8_t { after_score, from_score };
LogitColumns logit_columns(const LossConfig& loss);

struct DiscriminatorOutput {
  Tensor score;   // [N, 1, 1, 1]
  Tensor logits;  // [N, 1, 1, K] if model.conditioning is acgan, else empty
};

class Discriminator {
 public:
  // `model` and `activations` as for Generator.
  explicit Discriminator(ModelConfig model, DType activations = DType::f32,
                         LogitColumns logits = LogitColumns::after_score);

  std::vector<ParameterSpec> specs() const;
  DType activations() const { return activations_; }

  // images [N, R, R, channels], R = fade.resolution, of the type of activations or of parameters
  // -> critic scores, of the type of parameters. The N images are `batches`
  // minibatches in a row, each with its own minibatch statistics. labels: one-hot [N, 1, 1, K] if
  // model.conditioning is projection, whose score is
  //   s + <h, E y>,  h the input of the last layer, E [C, K] = embedding / sqrt(C)
  // (Miyato and Koyama 2018).
  DiscriminatorOutput forward(const Weights& w, const Tensor& images, const Tensor& labels,
                              const DeviceFade& fade, int64_t batches) const;

 private:
  LayerWeights weights_of(const Weights& w, int64_t resolution, LayerKind kind) const;
  Tensor layer(const Weights& w, const Tensor& x, int64_t resolution, LayerKind kind,
               const ConvGeometry& shape) const;
  Tensor from_rgb(const Weights& w, const Tensor& images, int64_t resolution) const;
  Tensor block(const Weights& w, const Tensor& x, int64_t resolution) const;
  DiscriminatorOutput head(const Weights& w, const Tensor& x, const Tensor& labels,
                           int64_t batches) const;
  Tensor with_stddev(const Tensor& x, int64_t batches) const;

  ModelConfig model_;
  DType activations_;
  LogitColumns logits_;
  std::vector<LayerInfo> layers_;
};

}  // namespace pg
