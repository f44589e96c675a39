// export.cpp: writes a trained network in the file format of another program.
#include <cstdio>
#include <filesystem>
#include <optional>

#include "apps/commands.h"
#include "apps/loaded_generator.h"
#include "apps/option_values.h"
#include "data/files/shown.h"
#include "kernels/backend.h"
#include "kernels/error.h"
#include "model/foreign/export.h"
#include "model/foreign/foreign.h"
#include "model/run/checkpoint.h"
#include "model/run/checkpoint_files.h"

namespace pg::apps {
namespace {

namespace fs = std::filesystem;

struct ExportOptions {
  std::string from, format, out, network, layout;
  int64_t resolution = 0;
};

// A network of a checkpoint in host memory.
struct LoadedNetwork {
  LoadedNetwork(Context& context, const Config& config, const fs::path& checkpoint,
                const std::string& name)
      : kind(name == "D" ? Network::discriminator : Network::generator),
        parameters(context, parameter_specs(kind, config.model)),
        network{name, kind, config, parameters} {
    read_network(checkpoint, name, parameters);
  }
  Network kind;
  ParameterStore parameters;
  ExportedNetwork network;
};

struct Exporter {
  const ExportOptions& options;
  fs::path checkpoint;
  Config config;
  std::unique_ptr<Backend> backend = make_cpu_backend(1);
  Context context{*backend};

  LoadedNetwork load(const std::string& name) { return {context, config, checkpoint, name}; }
  LoadedNetwork load() { return load(options.network.empty() ? "Gs" : options.network); }

  void safetensors();
  void pth();
  void onnx();
};

void Exporter::safetensors() {
  std::optional<Layout> layout;
  if (!options.layout.empty()) layout = layout_of(options.layout);
  const LoadedNetwork n = load();
  const size_t count = write_network_safetensors(options.out, n.network, layout);
  std::printf("%s: %zu tensors of %s\n", options.out.c_str(), count, n.network.name.c_str());
}

void Exporter::pth() {
  // Without --layout the output activation distinguishes the two.
  const bool tanh = config.model.output_activation == OutputActivation::tanh_above_4x4;
  const std::string name = !options.layout.empty() ? options.layout
                           : tanh                  ? "tutorial"
                                                   : "akanimax";
  const Layout layout = layout_of(name);
  if (layout == Layout::tutorial) {
    const LoadedNetwork n = load();
    write_tutorial_pth(options.out, n.network);
    std::printf("%s: %s in the tutorial's layout\n", options.out.c_str(), n.network.name.c_str());
  } else {
    PG_CHECK(layout == Layout::akanimax, UsageError,
             "--format pth supports only the layouts akanimax and tutorial, got ", name,
             "; use --format safetensors");
    PG_CHECK(options.network.empty(), UsageError,
             "the akanimax layout always contains G, D and the EMA; drop --network");
    const LoadedNetwork g = load("G"), d = load("D"), average = load("Gs");
    write_akanimax_pth(options.out, {g.network, d.network, average.network});
    std::printf("%s: generator, discriminator and shadow_generator in akanimax's layout\n",
                options.out.c_str());
  }
  const std::string remark = layout_remark(layout, config);
  if (!remark.empty()) std::printf("To load it, %s.\n", remark.c_str());
}

void Exporter::onnx() {
  const int64_t resolution = options.resolution > 0 ? options.resolution : config.model.resolution;
  check_resolution(resolution, config);
  const LoadedNetwork n = load();
  write_generator_onnx(options.out, n.network, resolution);
  std::printf("%s: %s at %lldx%lld\n", options.out.c_str(), n.network.name.c_str(),
              static_cast<long long>(resolution), static_cast<long long>(resolution));
}

void run_export(const ExportOptions& o) {
  PG_CHECK(o.format != "png", UsageError,
           "export writes networks, not images; use progan_cuda generate --out FOLDER");
  PG_CHECK(o.format == "safetensors" || o.format == "pth" || o.format == "onnx", UsageError,
           "unknown format '", o.format, "': expected safetensors, pth or onnx");
  PG_CHECK(o.format == "onnx" || o.resolution == 0, UsageError,
           "--resolution is only for --format onnx; the other formats contain every resolution");
  PG_CHECK(o.format != "onnx" || o.layout.empty(), UsageError,
           "--layout is only for --format safetensors and pth");
  const fs::path checkpoint = resolve_resume(o.from, "runs").checkpoint;
  std::error_code ignored;  // writing the file reports it
  fs::create_directories(fs::path(o.out).parent_path(), ignored);
  Exporter exporter{o, checkpoint, checkpoint_config(checkpoint)};
  if (o.format == "safetensors") exporter.safetensors();
  if (o.format == "pth") exporter.pth();
  if (o.format == "onnx") exporter.onnx();
}

}  // namespace

void add_export(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand(
      "export", "Write a trained network for other programs (for images, see generate)");
  auto o = std::make_shared<ExportOptions>();
  cmd->add_option("--from", o->from, kFromHelp)->required();
  cmd->add_option(
         "--format", o->format,
         "safetensors, pth (PyTorch; layouts akanimax and tutorial) or onnx (generators only)")
      ->required();
  cmd->add_option("--out", o->out, "file to write")->required();
  cmd->add_option("--network", o->network, "Gs (the EMA of the generator), G or D (default: Gs)")
      ->check(CLI::IsMember({"G", "Gs", "D"}));
  cmd->add_option(
      "--layout", o->layout,
      "tensor names and axes of a published version: " + joined(layout_names(), " or ") +
          " (default: akanimax or tutorial for pth, else this program's own)");
  cmd->add_option(
      "--resolution", o->resolution,
      "resolution of an onnx model, at most that of the run (default: that of the run)");
  cmd->callback([o] { run_export(*o); });
}

}  // namespace pg::apps
