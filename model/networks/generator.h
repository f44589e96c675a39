// generator.h: the progressively grown generator (PGGAN figure 1, appendix A table 2), as
// official-tf has it; config.h lists the changes of other variants.
//
//   4x4     [pixel norm of z], dense L -> 16 nf(1), + b, lrelu, PN;  conv 3x3, + b, lrelu, PN
//   RxR     nearest x2 and conv 3x3 (one folded kernel), + b, lrelu, PN;  conv 3x3, + b, lrelu, PN
//   image   conv 1x1 to colour channels, + b; during a fade blended with the upsampled image of
//           half the resolution
#pragma once

#include "model/networks/device_fade.h"
#include "model/networks/labels.h"
#include "model/networks/weights.h"

namespace pg {

class Generator {
 public:
  // `model` must be resolved (resolution and channels set). `activations`: see activation_dtype; in
  // f64 if parameters and inputs are.
  explicit Generator(ModelConfig model, DType activations = DType::f32);

  std::vector<ParameterSpec> specs() const;

  // z [N, 1, 1, L] -> images [N, R, R, channels], about -1 .. 1, of the type of activations, with
  // R = fade.resolution. labels: one-hot [N, 1, 1, K], or empty if model.conditioning is none.
  Tensor forward(const Weights& w, const Tensor& z, const Tensor& labels,
                 const DeviceFade& fade) const;

 private:
  LayerWeights weights_of(const Weights& w, int64_t resolution, LayerKind kind) const;
  Tensor layer(const Weights& w, const Tensor& x, int64_t resolution, LayerKind kind) const;
  Tensor latent(const Tensor& z, const Tensor& labels) const;
  Tensor base(const Weights& w, const Tensor& latent) const;
  Tensor to_rgb(const Weights& w, const Tensor& x, int64_t resolution) const;
  Tensor output(const Tensor& image, DType parameters, int64_t resolution) const;

  ModelConfig model_;
  DType activations_;
  std::vector<LayerInfo> layers_;
};

}  // namespace pg
