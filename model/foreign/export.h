// export.h: trained networks as files of other programs.
//
// Files are written completely or not at all; all functions throw IoError if the disk fails.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "model/foreign/layout.h"

namespace pg {

class ParameterStore;

// A network of a checkpoint: "G", "Gs" (the EMA of G) or "D".
struct ExportedNetwork {
  std::string name;
  Network kind = Network::generator;
  const Config& config;  // resolved
  const ParameterStore& parameters;
};

// Returns the number of tensors. Without a layout: every parameter bit for bit under its own name,
// "8x8/Conv1/weight", filters [K, R, S, C], dense layers [K, 1, 1, C]. With a layout: names and
// axes of that version, see foreign_parameters. Metadata: "format", "version", "program",
// "network", "layout", "config" (TOML), "about" (axes and constants in words) and, without a
// layout, "scales": JSON, the run-time constant by which each parameter must be multiplied.
size_t write_network_safetensors(const std::filesystem::path& path, const ExportedNetwork& network,
                                 std::optional<Layout> layout);

// Files for torch.load in the format of two training programs; float32, CPU.
//
// akanimax: {"generator", "discriminator", "shadow_generator": {"conf", "state_dict"}}.
struct AkanimaxNetworks {
  const ExportedNetwork &generator, &discriminator, &ema;
};
void write_akanimax_pth(const std::filesystem::path& path, const AkanimaxNetworks& networks);

// tutorial (and readme-hq): {"state_dict", "optimizer": {}}, one file per network. The 4x4 RGB
// layer has two names that share their storage, as in that program.
void write_tutorial_pth(const std::filesystem::path& path, const ExportedNetwork& network);

// The generator at `resolution` as an ONNX model (operator set 13, f32) with all constants folded
// into its weights: inputs "z" [N, latent] and, for a conditional generator, "labels" [N, K],
// one-hot; output "image" [N, C, R, R], about -1 .. 1; any N. Throws UsageError for a
// discriminator.
void write_generator_onnx(const std::filesystem::path& path, const ExportedNetwork& network,
                          int64_t resolution);

}  // namespace pg
