// export_test.cpp: exported networks, read back by the importer.
#include "model/foreign/export.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "kernels/error.h"
#include "model/foreign/foreign.h"
#include "model/foreign/import.h"
#include "tests/model/temporary_folder.h"
#include "tests/stored_values.h"

namespace pg {
namespace {

Config small(const std::string& name) {
  Config c = preset(name);
  c.model.fmap_base = 64;
  c.model.fmap_max = 12;
  c.model.latent_size = 10;
  resolve(c, {.resolution = 16, .channels = 3, .images = 100, .labels = 0});
  return c;
}

// A network with arbitrary parameters, including biases.
struct Drawn {
  Drawn(Context& context, const Config& config, const std::string& name, uint64_t seed)
      : parameters(context,
                   parameter_specs(name == "D" ? Network::discriminator : Network::generator,
                                   config.model)),
        network{name, name == "D" ? Network::discriminator : Network::generator, config,
                parameters} {
    std::vector<double> values(static_cast<size_t>(parameters.count()));
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = std::sin(static_cast<double>(i * 7 + seed * 1000));
    }
    from_host(parameters.flat(), values);
  }
  ParameterStore parameters;
  ExportedNetwork network;
};

class Export : public TemporaryFolder {
 protected:
  std::unique_ptr<Backend> backend_ = make_cpu_backend(1);
  Context context_{*backend_};

  std::vector<ForeignFile> files(const std::vector<std::string>& names) const {
    std::vector<ForeignFile> all;
    for (const std::string& name : names) all.push_back(read_foreign(folder_ / name));
    return all;
  }

  // The importer reads the bits of `network`.
  void expect_read(const ForeignNetworks& found, const NamedTensors& tensors,
                   const Drawn& network) {
    const Network kind = network.network.kind;
    ParameterStore store(context_, network.parameters.specs());
    load_network(found, tensors, kind, store);
    for (const ParameterSpec& spec : store.specs()) {
      EXPECT_EQ(to_host(store.get(spec.name)), to_host(network.parameters.get(spec.name)))
          << network.network.name << " " << spec.name;
    }
  }
};

TEST_F(Export, SafetensorsHoldEveryParameterBitForBitWithItsConstant) {
  const Config config = small("official-tf");
  Drawn d(context_, config, "D", 3);
  std::vector<double> factors(d.parameters.specs().size(), 1.0);
  factors[2] = 1.5;
  d.parameters.set_factors(factors);
  write_network_safetensors(folder_ / "d", d.network, {});
  const Safetensors file(folder_ / "d");
  const nlohmann::json scales = nlohmann::json::parse(file.metadata_at("scales"));
  EXPECT_EQ(file.tensors().size(), d.parameters.specs().size());
  for (size_t i = 0; i < d.parameters.specs().size(); ++i) {
    const ParameterSpec& spec = d.parameters.specs()[i];
    const StoredTensor& t = file.at(spec.name);
    const Shape& s = spec.shape;
    EXPECT_EQ(t.shape, (std::vector<int64_t>{s.n, s.h, s.w, s.c}));
    const std::vector<float> values = test::values_of<float>(file, t);
    EXPECT_EQ(std::vector<double>(values.begin(), values.end()),
              to_host(d.parameters.get(spec.name)));
    EXPECT_EQ(scales.at(spec.name).get<double>(), d.parameters.scale(i)) << spec.name;
  }
  EXPECT_EQ(file.metadata_at("network"), "D");
  EXPECT_EQ(to_toml(config_from_toml(file.metadata_at("config"), "d")), to_toml(config));
}

TEST_F(Export, SafetensorsInEveryLayoutAreImportedBitForBit) {
  for (const std::string& name : layout_names()) {
    const Config config = small(name);
    const Drawn g(context_, config, "Gs", 1), d(context_, config, "D", 2);
    const Layout layout = layout_of(name);
    std::vector<std::string> names = {name + "-g"};
    write_network_safetensors(folder_ / names[0], g.network, layout);
    if (layout != Layout::exercise) {
      names.push_back(name + "-d");
      write_network_safetensors(folder_ / names[1], d.network, layout);
    }
    const auto opened = files(names);
    const ForeignNetworks found = read_networks(opened);
    EXPECT_EQ(found.layout, layout) << name;
    expect_read(found, found.g.empty() ? found.ema : found.g, g);
    if (layout != Layout::exercise) expect_read(found, found.d, d);
  }
}

TEST_F(Export, AkanimaxPthIsImportedBitForBit) {
  const Config config = small("akanimax");
  const Drawn g(context_, config, "G", 1), d(context_, config, "D", 2),
      s(context_, config, "Gs", 3);
  write_akanimax_pth(folder_ / "a.pth", {g.network, d.network, s.network});
  const auto opened = files({"a.pth"});
  EXPECT_EQ(opened[0].form(), ForeignForm::torch_zip);
  const PickleValue conf = opened[0].root().at("discriminator").at("conf");
  EXPECT_EQ(conf.at("depth").integer(), 4);
  EXPECT_EQ(conf.at("latent_size").integer(), 12);  // of the head, not of z
  EXPECT_TRUE(conf.at("num_classes").is_none());
  EXPECT_EQ(opened[0].root().at("shadow_generator").at("conf").at("latent_size").integer(), 10);
  const ForeignNetworks found = read_networks(opened);
  EXPECT_EQ(found.layout, Layout::akanimax);
  expect_read(found, found.g, g);
  expect_read(found, found.ema, s);
  expect_read(found, found.d, d);
}

TEST_F(Export, TutorialPthIsImportedBitForBit) {
  for (const std::string name : {"tutorial", "readme-hq"}) {
    const Config config = small(name);
    const Drawn g(context_, config, "Gs", 1), d(context_, config, "D", 2);
    write_tutorial_pth(folder_ / "generator.pth", g.network);
    write_tutorial_pth(folder_ / "critic.pth", d.network);
    const auto opened = files({"generator.pth", "critic.pth"});
    const ForeignNetworks found = read_networks(opened, name);
    EXPECT_EQ(found.config.train.preset, name);
    expect_read(found, found.g.empty() ? found.ema : found.g, g);
    expect_read(found, found.d, d);
    const PickleValue state = opened[1].root().at("state_dict");
    EXPECT_EQ(opened[1].tensor(state.at("initial_rgb.bias")).floats(),
              opened[1].tensor(state.at("rgb_layers.2.bias")).floats());
    EXPECT_EQ(opened[1].root().at("optimizer").size(), 0);
  }
}

// Constants that the version lacks are folded into the weights.
TEST_F(Export, ForeignWeightsTimesForeignConstantsAreOurs) {
  Config config = small("official-tf");
  config.model.first_pixelnorm = false;
  const Drawn g(context_, config, "Gs", 1);
  const auto arrays =
      foreign_parameters(Layout::akanimax, Network::generator, config, g.parameters);
  Config reference = small("akanimax");
  const std::vector<ParameterSpec> specs = parameter_specs(Network::generator, reference.model);
  const auto entries = layout_entries(Layout::akanimax, Network::generator, config.model);
  ASSERT_EQ(arrays.size(), entries.size());
  for (size_t a = 0; a < entries.size(); ++a) {
    const size_t i = entries[a].parameter;
    ASSERT_EQ(specs[i].name, entries[a].ours);
    const std::vector<double> ours = to_host(g.parameters.get(specs[i].name));
    const std::vector<float> theirs = gathered(arrays[a].values, entries[a].indices);
    for (size_t j = 0; j < ours.size(); ++j) {
      ASSERT_NEAR(theirs[j] * specs[i].scale, ours[j] * g.parameters.scale(i), 1e-7)
          << specs[i].name;
    }
  }
}

std::string refusal(Layout layout, Network network, const Config& config) {
  return error_of<UsageError>([&] { check_layout(layout, network, config); });
}

TEST_F(Export, LayoutsRejectNetworksThatTheirProgramsWouldComputeDifferently) {
  const Network g = Network::generator, d = Network::discriminator;
  EXPECT_EQ(refusal(Layout::akanimax, g, small("official-tf")),
            "the akanimax layout needs model.first_pixelnorm = false, got true; export as "
            "safetensors without --layout, or as onnx");
  const auto names = [](const std::string& text, const char* key) {
    return text.find(key) != std::string::npos;
  };
  EXPECT_TRUE(names(refusal(Layout::gan_zoo, g, small("official-tf")), "model.first_bias"));
  EXPECT_TRUE(names(refusal(Layout::official_tf, g, small("gan-zoo")), "model.first_bias"));
  EXPECT_TRUE(names(refusal(Layout::exercise, g, small("tutorial")), "model.normalize_latents"));
  EXPECT_TRUE(names(refusal(Layout::tutorial, g, small("akanimax")), "model.output_activation"));
  EXPECT_TRUE(names(refusal(Layout::tutorial, d, small("akanimax")), "model.narrow_at"));
  EXPECT_TRUE(names(refusal(Layout::akanimax, g, small("readme-hq")), "model.norm_order"));
  Config labelled = small("akanimax");
  labelled.model.conditioning = Conditioning::acgan;
  labelled.model.label_size = 3;
  EXPECT_TRUE(names(refusal(Layout::akanimax, g, labelled), "model.conditioning"));
  Config outside = small("official-tf");
  outside.model.conditioning = Conditioning::acgan;
  outside.model.label_size = 3;
  EXPECT_NO_THROW(check_layout(Layout::official_tf, g, outside));
  outside.model.normalize_labels = false;
  EXPECT_TRUE(names(refusal(Layout::official_tf, g, outside), "model.normalize_labels"));
  EXPECT_NO_THROW(check_layout(Layout::official_tf, g, small("paper")));
  EXPECT_NO_THROW(check_layout(Layout::tutorial, d, small("readme-hq")));
}

TEST_F(Export, RemarksNameTheNecessaryChangeOfTheClass) {
  Config whole = preset("akanimax");
  resolve(whole, {.resolution = 64, .channels = 3, .images = 100, .labels = 0});
  EXPECT_EQ(layout_remark(Layout::akanimax, whole), "");
  EXPECT_EQ(layout_remark(Layout::akanimax, small("akanimax")),
            "change nf() of the published class: this network has the widths 12, 12, 8");
  Config tutorial = preset("tutorial");
  resolve(tutorial, {.resolution = 1024, .channels = 3, .images = 100, .labels = 0});
  EXPECT_EQ(layout_remark(Layout::tutorial, tutorial), "");
  EXPECT_EQ(layout_remark(Layout::official_tf, small("official-tf")), "");
}

TEST_F(Export, OnnxRejectsADiscriminator) {
  const Config config = small("official-tf");
  const Drawn d(context_, config, "D", 1);
  EXPECT_EQ(
      error_of<UsageError>([&] { write_generator_onnx(folder_ / "d.onnx", d.network, {16}); }),
      "D is a discriminator: onnx supports generators only");
  EXPECT_EQ(files_in_folder(), 0U);
}

// A model of a lower resolution contains no layer of a higher one, and no other ToRGB.
TEST_F(Export, OnnxHoldsTheLayersOfItsResolution) {
  const Config config = small("official-tf");
  const Drawn g(context_, config, "Gs", 1);
  write_generator_onnx(folder_ / "8.onnx", g.network, {8});
  const std::string model = read_text(folder_ / "8.onnx");
  EXPECT_NE(model.find("8x8/ToRGB/weight"), std::string::npos);
  EXPECT_EQ(model.find("4x4/ToRGB/weight"), std::string::npos);
  EXPECT_EQ(model.find("16x16/Conv1/weight"), std::string::npos);
}

}  // namespace
}  // namespace pg
