// export.cpp: a trained network as a file of other programs.
#include <cstdio>
#include <filesystem>
#include <optional>

#include "apps/commands.h"
#include "apps/common.h"
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
  // Without --layout the output activation tells the two apart.
  const bool tanh = config.model.output_activation == OutputActivation::tanh_above_4x4;
  const std::string name = !options.layout.empty() ? options.layout
                           : tanh                  ? "tutorial"
                                                   : "akanimax";
  const Layout layout = layout_of(name);
  if (layout == Layout::tutorial) {
    const LoadedNetwork n = load();
    write_tutorial_pth(options.out, n.network);
    std::printf("%s: %s as the tutorial saves it\n", options.out.c_str(), n.network.name.c_str());
  } else {
    PG_CHECK(layout == Layout::akanimax, UsageError,
             "--format pth writes the layouts akanimax and ", "tutorial, not ", name,
             ": take --format safetensors for that");
    PG_CHECK(options.network.empty(), UsageError, "a .pth of the akanimax layout holds all ",
             "networks: leave --network away");
    const LoadedNetwork g = load("G"), d = load("D"), average = load("Gs");
    write_akanimax_pth(options.out, {g.network, d.network, average.network});
    std::printf("%s: generator, discriminator and shadow_generator as akanimax saves them\n",
                options.out.c_str());
  }
  const std::string remark = layout_remark(layout, config);
  if (!remark.empty()) std::printf("To load it, %s.\n", remark.c_str());
}

void Exporter::onnx() {
  const int64_t resolution = options.resolution > 0 ? options.resolution : config.model.resolution;
  const bool power = resolution >= 4 && (resolution & (resolution - 1)) == 0;
  PG_CHECK(power && resolution <= config.model.resolution, UsageError, "--resolution ", resolution,
           " must be a power of two from 4 to ", config.model.resolution,
           ", the size that this generator was made for");
  const LoadedNetwork n = load();
  write_generator_onnx(options.out, n.network, resolution);
  std::printf("%s: %s at %lldx%lld\n", options.out.c_str(), n.network.name.c_str(),
              static_cast<long long>(resolution), static_cast<long long>(resolution));
}

void run_export(const ExportOptions& o) {
  PG_CHECK(o.format != "png", UsageError,
           "pictures are made by progan_cuda generate, not by export: take that command's --seeds "
           "and --out FOLDER");
  PG_CHECK(o.format == "safetensors" || o.format == "pth" || o.format == "onnx", UsageError,
           "there is no format '", o.format, "': choose one of safetensors, pth, onnx");
  PG_CHECK(o.format == "onnx" || o.resolution == 0, UsageError,
           "--resolution is for --format onnx; the other formats hold every resolution");
  PG_CHECK(o.format != "onnx" || o.layout.empty(), UsageError,
           "--layout is for --format safetensors and pth; an onnx model is the same in all");
  const fs::path checkpoint = resolve_resume(o.from, "runs").checkpoint;
  std::error_code failed;  // of which writing the file tells
  fs::create_directories(fs::path(o.out).parent_path(), failed);
  Exporter exporter{o, checkpoint, checkpoint_config(checkpoint)};
  if (o.format == "safetensors") exporter.safetensors();
  if (o.format == "pth") exporter.pth();
  if (o.format == "onnx") exporter.onnx();
}

}  // namespace

void add_export(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand(
      "export", "Write a trained network for other programs (pictures: see generate)");
  auto o = std::make_shared<ExportOptions>();
  cmd->add_option("--from", o->from, "run folder, run number in runs/, or checkpoint file")
      ->required();
  cmd->add_option("--format", o->format,
                  "safetensors; pth (PyTorch, akanimax and tutorial layouts); onnx (a generator)")
      ->required();
  cmd->add_option("--out", o->out, "file to be written")->required();
  cmd->add_option("--network", o->network,
                  "Gs, the averaged generator (default), G, or D, the discriminator")
      ->check(CLI::IsMember({"G", "Gs", "D"}));
  std::string names;
  for (const std::string& name : layout_names()) names += (names.empty() ? "" : ", ") + name;
  cmd->add_option("--layout", o->layout,
                  "names and axes of a published version: " + names + " (default: our own)");
  cmd->add_option("--resolution", o->resolution,
                  "of an onnx model, up to that of the run (default: that)");
  cmd->callback([o] { run_export(*o); });
}

}  // namespace pg::apps
