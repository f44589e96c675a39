// layers_test.cpp: the tables of layers that forward passes, layouts and exports share.
#include "model/networks/layers.h"

#include <gtest/gtest.h>

#include <set>

namespace pg {
namespace {

ModelConfig model_of(const char* name, Conditioning conditioning = Conditioning::none) {
  ModelConfig m = preset(name).model;
  m.resolution = 16;
  m.channels = 3;
  m.fmap_base = 64;
  m.conditioning = conditioning;
  m.label_size = 5;
  return m;
}

std::vector<std::string> names_of(const std::vector<LayerInfo>& layers) {
  std::vector<std::string> names;
  for (const LayerInfo& l : layers) names.push_back(l.name);
  return names;
}

// Checkpoints and exports depend on names and order.
TEST(Layers, AreOrderedByResolution) {
  EXPECT_EQ(
      names_of(generator_layers(model_of("official-tf"))),
      (std::vector<std::string>{"4x4/Dense", "4x4/Conv", "4x4/ToRGB", "8x8/Conv0_up", "8x8/Conv1",
                                "8x8/ToRGB", "16x16/Conv0_up", "16x16/Conv1", "16x16/ToRGB"}));
  EXPECT_EQ(names_of(discriminator_layers(model_of("official-tf", Conditioning::projection))),
            (std::vector<std::string>{"4x4/FromRGB", "4x4/Conv", "4x4/Dense0", "4x4/Dense1",
                                      "4x4/Embedding", "8x8/FromRGB", "8x8/Conv0", "8x8/Conv1_down",
                                      "16x16/FromRGB", "16x16/Conv0", "16x16/Conv1_down"}));
}

TEST(Layers, IndexTheirParametersInEveryPreset) {
  for (const std::string& name : preset_names()) {
    for (const Conditioning c :
         {Conditioning::none, Conditioning::acgan, Conditioning::projection}) {
      for (const Network network : {Network::generator, Network::discriminator}) {
        const ModelConfig m = model_of(name.c_str(), c);
        const std::vector<ParameterSpec> specs = parameter_specs(network, m);
        size_t next = 0;
        for (const LayerInfo& l : layers_of(network, m)) {
          ASSERT_EQ(l.weight, next) << name << " " << l.name;
          EXPECT_EQ(specs[next].name, l.name + "/weight");
          EXPECT_EQ(specs[next].shape, l.weight_shape());
          EXPECT_EQ(specs[next++].resolution, l.resolution);
          if (l.bias == 0) continue;
          EXPECT_EQ(specs[next].name, l.name + "/bias");
          EXPECT_EQ(specs[next++].shape, (Shape{1, 1, 1, l.bias}));
        }
        EXPECT_EQ(next, specs.size()) << name;
      }
    }
  }
}

TEST(Layers, AreFoundByResolutionAndKind) {
  for (const Network network : {Network::generator, Network::discriminator}) {
    const std::vector<LayerInfo> layers =
        layers_of(network, model_of("gan-zoo", Conditioning::acgan));
    std::set<std::pair<int64_t, LayerKind>> keys;
    for (const LayerInfo& l : layers) {
      EXPECT_TRUE(keys.emplace(l.resolution, l.kind).second) << l.name;
      EXPECT_EQ(&find_layer(layers, l.resolution, l.kind), &l);
    }
  }
}

// Dense 512 -> 16 * 512, conv 3x3 of 512 at 4x4, colours; then two convolutions at 8x8.
TEST(RelativeCost, CountsTheMultiplicationsOfAnImage) {
  ModelConfig m = preset("official-tf").model;
  m.resolution = 1024;
  m.channels = 3;
  const double square = 512.0 * 512.0, body = 16 * square + 16 * 9 * square;
  EXPECT_EQ(relative_cost(m, 4), body + 16 * 512 * 3);
  EXPECT_EQ(relative_cost(m, 8), body + 2 * 64 * 9 * square + 64 * 512 * 3);
}

}  // namespace
}  // namespace pg
