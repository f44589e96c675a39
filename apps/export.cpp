// export.cpp: writes a trained network in the file format of another program.
#include <filesystem>
#include <optional>

#include "apps/commands.h"
#include "apps/loaded_generator.h"
#include "apps/option_values.h"
#include "apps/outputs.h"
#include "apps/print.h"
#include "apps/stop_signals.h"
#include "data/files/atomic_file.h"
#include "data/files/shown.h"
#include "kernels/backend.h"
#include "kernels/error.h"
#include "model/foreign/export.h"
#include "model/foreign/foreign.h"
#include "model/foreign/torch_module.h"
#include "model/run/resume_point.h"

namespace pg::apps {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOwnLayout = "progan_cuda";

struct ExportOptions {
  std::string from, format, out, network, layout, module;
  int64_t resolution = 0;
  Force force = Force::no;
  bool keep_paths = false;
};

// A network of a checkpoint in host memory.
struct LoadedNetwork {
  LoadedNetwork(Context& context, const Config& config, const Safetensors& checkpoint,
                const std::string& name)
      : kind(name == "D" ? Network::discriminator : Network::generator),
        parameters(context, parameter_specs(kind, config.model)),
        network{name, kind, config, parameters} {
    read_network(checkpoint, name, parameters);
    if (const auto position = position_of(checkpoint)) {
      network.images_shown = position->images_shown;
      network.looked_at = position->looked_at;
    }
  }
  Network kind;
  ParameterStore parameters;
  ExportedNetwork network;
};

struct Exporter {
  const ExportOptions& options;
  const Safetensors& checkpoint;  // opened once: a trainer may replace the file
  const OutputPath& out;
  const std::optional<OutputFile>& module;
  Config config;
  std::unique_ptr<Backend> backend = make_cpu_backend(1);
  Context context{*backend};

  LoadedNetwork load(const std::string& name) { return {context, config, checkpoint, name}; }
  LoadedNetwork load() { return load(options.network.empty() ? "Gs" : options.network); }

  void safetensors();
  std::string pth_layout() const;
  void pth();
  void own_pth();
  void onnx();
};

void Exporter::safetensors() {
  std::optional<Layout> layout;
  if (!options.layout.empty() && options.layout != kOwnLayout) layout = layout_of(options.layout);
  const LoadedNetwork n = load();
  const size_t count = write_network_safetensors(out, n.network, layout);
  print("{}: {} tensors of {}\n", options.out, count, n.network.name);
}

// Without --layout: that of the published program that computes the same function, else our own.
std::string Exporter::pth_layout() const {
  if (!options.layout.empty()) return options.layout;
  if (!options.module.empty() || is_network_file(checkpoint.metadata())) return kOwnLayout;
  const bool tanh = config.model.output_activation == OutputActivation::tanh_above_4x4;
  const char* name = tanh ? "tutorial" : "akanimax";
  try {
    if (options.network != "D") check_layout(layout_of(name), Network::generator, config);
    if (options.network == "D" || !tanh) {
      check_layout(layout_of(name), Network::discriminator, config);
    }
  } catch (const UsageError&) {
    return kOwnLayout;
  }
  const bool akanimax_part = !tanh && !options.network.empty();  // its files hold all networks
  return akanimax_part ? kOwnLayout : name;
}

// For PyTorch, with any settings.
void Exporter::own_pth() {
  const LoadedNetwork n = load();
  const Reached reached = reached_by(checkpoint, config);
  write_own_pth(out, n.network, reached.fade);
  print("{}: {} tensors of {}\n", options.out, n.parameters.specs().size(), n.network.name);
  if (n.kind == Network::generator) note_reached(reached);
  if (!module) return;
  write_file_atomically(module->path(), torch_module());
  print("{}: a PyTorch module; generator = Generator.load('{}')\n", options.module, options.out);
}

void Exporter::pth() {
  const std::string name = pth_layout();
  if (name == kOwnLayout) return own_pth();
  const Layout layout = layout_of(name);
  if (layout == Layout::tutorial) {
    const LoadedNetwork n = load();
    write_tutorial_pth(out, n.network);
    print("{}: {} in the tutorial's layout\n", options.out, n.network.name);
  } else {
    PG_CHECK(layout == Layout::akanimax, UsageError,
             "--format pth supports only the layouts akanimax, tutorial and progan_cuda, got ",
             name, "; use --format safetensors");
    PG_CHECK(options.network.empty(), UsageError,
             "the akanimax layout always contains G, D and the EMA; drop --network");
    const LoadedNetwork g = load("G"), d = load("D"), average = load("Gs");
    write_akanimax_pth(out, {g.network, d.network, average.network});
    print("{}: generator, discriminator and shadow_generator in akanimax's layout\n", options.out);
  }
  const std::string remark = layout_remark(layout, config);
  if (!remark.empty()) print("To load it, {}.\n", remark);
}

void Exporter::onnx() {
  const Reached reached = reached_by(checkpoint, config);
  const Fade fade = fade_to_generate(reached, options.resolution, "--resolution");
  if (options.resolution == 0) note_reached(reached);
  const LoadedNetwork n = load();
  write_generator_onnx(out, n.network, fade);
  print("{}: {} at {}x{}\n", options.out, n.network.name, fade.resolution, fade.resolution);
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
  PG_CHECK(
      o.module.empty() ||
          (o.format == "pth" && o.network != "D" && (o.layout.empty() || o.layout == kOwnLayout)),
      UsageError, "--module is only for generators with --format pth in the layout ", kOwnLayout);
  const Safetensors checkpoint = open_chosen_networks(o.from);
  const OutputKind& kind = o.format == "safetensors" ? kNetworkFile
                           : o.format == "pth"       ? kPthFile
                                                     : kOnnxFile;
  const OutputFile out("--out", o.out, kind, o.force);
  out.must_not_be(checkpoint.path());
  std::optional<OutputFile> module;
  must_differ("--module", o.module, "--out", o.out);
  if (!o.module.empty()) module.emplace("--module", o.module, kModuleFile, o.force);
  const StopSignals signals;  // the file is finished first
  const Config config = checkpoint_config(checkpoint);
  Exporter exporter{o, checkpoint, out.path(), module,
                    o.keep_paths ? config : without_paths(config)};
  if (o.format == "safetensors") exporter.safetensors();
  if (o.format == "pth") exporter.pth();
  if (o.format == "onnx") exporter.onnx();
}

}  // namespace

void add_export(Command& app) {
  Command* cmd = app.add_subcommand(
      "export", "Write a trained network for other programs (for images, see generate)");
  auto o = std::make_shared<ExportOptions>();
  cmd->add_option("-r,--from,RUN", o->from, kFromHelp)->required();
  cmd->add_option("--format", o->format,
                  "safetensors, pth (PyTorch; layouts progan_cuda, akanimax and tutorial) or onnx "
                  "(generators "
                  "only)")
      ->required();
  cmd->add_option("-o,--out", o->out, "file to write")->required();
  add_force(*cmd, o->force);
  cmd->add_option("--network", o->network, "Gs (the EMA of the generator), G or D (default: Gs)")
      ->check(IsMember({"G", "Gs", "D"}));
  cmd->add_option(
      "--layout", o->layout,
      "tensor names and axes of a published version: " + joined(layout_names(), " or ") +
          " or progan_cuda, this program's own (default: for pth akanimax or tutorial, if the "
          "network "
          "is one of theirs, else progan_cuda)");
  cmd->add_option("--module", o->module,
                  "Python file to write as well: the PyTorch module of the pth file");
  cmd->add_option("--resolution", o->resolution,
                  "resolution of an onnx model, at most what the run has trained (default: that)");
  cmd->add_flag("--keep-paths", o->keep_paths,
                "keep data.path and other paths of this machine in the configuration that the file "
                "contains");
  cmd->callback([o] { run_export(*o); });
}

}  // namespace pg::apps
