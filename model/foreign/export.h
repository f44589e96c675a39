// export.h: trained networks as files of other programs.
//
// Files are written completely or not at all; all functions throw IoError if the disk fails.
#pragma once

#include <optional>
#include <string>

#include "data/files/output_path.h"
#include "model/config/fade.h"
#include "model/foreign/layout.h"

namespace pg {

class ParameterStore;

// A network of a checkpoint: "G", "Gs" (the EMA of G) or "D".
struct ExportedNetwork {
  std::string name;
  Network kind = Network::generator;
  const Config& config;  // resolved
  const ParameterStore& parameters;
  // The position of the run: images shown, and how many when the schedule was last read; negative:
  // not known.
  int64_t images_shown = -1, looked_at = -1;
};

// Returns the number of tensors. Without a layout: every parameter bit for bit under its own name,
// "8x8/Conv1/weight", filters [K, R, S, C], dense layers [K, 1, 1, C]. With a layout: names and
// axes of that version, see foreign_parameters. Metadata: "format", "version", "program",
// "network", "layout", "config" (TOML), "images_shown", "looked_at", "about" (axes and constants in
// words), "classes" (JSON, the names in order, if known) and, without a layout, "scales": JSON, the
// run-time constant by which each parameter must be multiplied.
size_t write_network_safetensors(const OutputPath& to, const ExportedNetwork& network,
                                 std::optional<Layout> layout);

// Files for torch.load in the format of two training programs and our own; float32, CPU.
//
// akanimax: {"generator", "discriminator", "shadow_generator": {"conf", "state_dict"}}.
struct AkanimaxNetworks {
  const ExportedNetwork &generator, &discriminator, &ema;
};
void write_akanimax_pth(const OutputPath& to, const AkanimaxNetworks& networks);

// tutorial (and readme-hq): {"state_dict", "optimizer": {}}, one file per network. The 4x4 RGB
// layer has two names that share their storage, as in that program.
void write_tutorial_pth(const OutputPath& to, const ExportedNetwork& network);

// This program's own: {"format": "progan_cuda network", "network", "config" (TOML), "classes"
// (JSON), "images_shown", "looked_at", "scales": {name: number}, "settings": {...}, "state_dict"},
// with parameters under their own names and axes as in own_network.h: torch_axes. The module of
// torch_module.h computes a generator from it, at the resolution of `fade` and with its weight by
// default.
void write_own_pth(const OutputPath& to, const ExportedNetwork& network, const Fade& fade);

// The generator at the resolution of `fade`, with its weight, as an ONNX model (operator set 13,
// f32) with all constants folded into its weights: inputs "z" [N, latent] and, for a conditional
// generator, "labels" [N, K], one-hot; output "image" [N, C, R, R], about -1 .. 1; any N. Metadata:
// "config" (TOML) and "classes" (JSON, the names in order, if known). Throws UsageError for a
// discriminator.
void write_generator_onnx(const OutputPath& to, const ExportedNetwork& network, const Fade& fade);

}  // namespace pg
