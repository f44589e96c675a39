// generator.h: the progressively grown generator (PGGAN figure 1, appendix A table 2). As
// official-tf has it; config.h names what other variants change.
//
//   4x4     [pixel norm of z], dense L -> 16 nf(1), + b, lrelu, PN;  conv 3x3, + b, lrelu, PN
//   RxR     nearest x2 and conv 3x3 (one folded kernel), + b, lrelu, PN;  conv 3x3, + b, lrelu, PN
//   image   conv 1x1 to colour channels, + b; during a fade-in blended with the upsampled image of
//           half the resolution
#pragma once

#include "model/networks/device_fade.h"
#include "model/networks/weights.h"

namespace pg {

class Generator {
 public:
  // `config` must be resolved (resolution, channels, latent_size set).
  explicit Generator(const Config& config);

  std::vector<ParameterSpec> specs() const;

  // z [N, 1, 1, L] -> images [N, R, R, channels], about -1 .. 1, R = fade.resolution. labels:
  // one-hot [N, 1, 1, K] if model.conditioning is not none, else empty.
  Tensor forward(const Weights& w, const Tensor& z, const Tensor& labels,
                 const DeviceFade& fade) const;

 private:
  Tensor layer(const Weights& w, const Tensor& x, int64_t resolution, const char* name,
               ConvMode mode) const;
  Tensor latent(const Tensor& z, const Tensor& labels) const;
  Tensor base(const Weights& w, const Tensor& latent) const;
  Tensor to_rgb(const Weights& w, const Tensor& x, int64_t resolution) const;
  Tensor output(const Tensor& image, int64_t resolution) const;

  Config config_;
};

// Stage of a resolution, 4 -> 1, 8 -> 2, ...: the argument of fmaps.
int64_t stage_of(int64_t resolution);

}  // namespace pg
