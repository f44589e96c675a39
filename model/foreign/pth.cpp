// pth.cpp: files as the akanimax and tutorial programs save them.
#include "data/images/resolutions.h"
#include "kernels/error.h"
#include "model/foreign/export.h"
#include "model/foreign/foreign.h"
#include "model/foreign/torch_writer.h"

namespace pg {
namespace {

std::vector<HostArray> arrays_of(Layout layout, const ExportedNetwork& n) {
  return foreign_parameters(layout, n.kind, n.config, n.parameters);
}

// The arguments of the class: Generator(**conf).
void write_conf(TorchWriter& w, const ExportedNetwork& n) {
  const bool g = n.kind == Network::generator;
  w.begin_dict();
  w.key("depth");
  w.integer(level_of(n.config.model.resolution) + 2);
  w.key("num_channels");
  w.integer(n.config.model.channels);
  w.key("latent_size");
  w.integer(g ? latent_size(n.config) : fmaps(n.config.model, 0));
  w.key("use_eql");
  w.boolean(true);
  if (!g) {
    w.key("num_classes");
    w.none();
  }
  w.end_dict();
}

}  // namespace

void write_akanimax_pth(const OutputPath& to, const AkanimaxNetworks& networks) {
  struct Part {
    const char* name;
    const ExportedNetwork& network;
    std::vector<HostArray> arrays;
  };
  const Part parts[] = {
      {"generator", networks.generator, arrays_of(Layout::akanimax, networks.generator)},
      {"discriminator", networks.discriminator,
       arrays_of(Layout::akanimax, networks.discriminator)},
      {"shadow_generator", networks.ema, arrays_of(Layout::akanimax, networks.ema)}};
  TorchWriter w;
  w.begin_dict();
  for (const Part& part : parts) {
    w.key(part.name);
    w.begin_dict();
    w.key("conf");
    write_conf(w, part.network);
    w.key("state_dict");
    w.state_dict(part.arrays);
    w.end_dict();
  }
  w.end_dict();
  w.write(to);
}

void write_tutorial_pth(const OutputPath& to, const ExportedNetwork& network) {
  const std::vector<HostArray> arrays = arrays_of(Layout::tutorial, network);
  // The RGB layer at 4x4: the generator's first, the discriminator's last.
  const int64_t index =
      network.kind == Network::generator ? 0 : level_of(network.config.model.resolution);
  const std::string layer = message("rgb_layers.", index);
  TorchWriter w;
  w.begin_dict();
  w.key("state_dict");
  w.state_dict(arrays, {{"initial_rgb.bias", layer + ".bias"},
                        {"initial_rgb.conv.weight", layer + ".conv.weight"}});
  w.key("optimizer");
  w.begin_dict();
  w.end_dict();
  w.end_dict();
  w.write(to);
}

}  // namespace pg
