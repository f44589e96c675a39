// export_test.cpp: parameters of every published version survive import and export unchanged.
#include <gtest/gtest.h>

#include "model/foreign/foreign.h"
#include "tests/parity/golden.h"

namespace pg::test {
namespace {

struct Case {
  const char* golden;
  Layout layout;
};

class Exported : public testing::TestWithParam<Case> {
 protected:
  void expect_unchanged(Network network) {
    const Golden golden(GetParam().golden);
    const bool g = network == Network::generator;
    const std::string prefix = g ? "param/G/" : "param/D/";
    const Layout layout = GetParam().layout;
    const auto backend = make_cpu_backend(1);
    Context context(*backend);
    ParameterStore store(context, parameter_specs(network, golden.config().model));
    const auto entries = layout_entries(layout, network, golden.config().model);
    for (const LayoutEntry& e : entries) {
      from_host(store.get(e.ours), gathered(golden.values(prefix + e.foreign), e.indices));
    }
    const auto arrays = foreign_parameters(layout, network, golden.config(), store);
    EXPECT_EQ(arrays.size(), store.specs().size());
    for (const HostArray& a : arrays) {
      EXPECT_EQ(a.shape, golden.file().at(prefix + a.name).shape) << a.name;
      const std::vector<double> want = golden.values(prefix + a.name);
      EXPECT_EQ(std::vector<double>(a.values.begin(), a.values.end()), want) << a.name;
    }
  }
};

TEST_P(Exported, GeneratorIsBitForBitThatOfTheVersion) { expect_unchanged(Network::generator); }

TEST_P(Exported, DiscriminatorIsBitForBitThatOfTheVersion) {
  if (!Golden(GetParam().golden).has_critic()) GTEST_SKIP() << "it has none";
  expect_unchanged(Network::discriminator);
}

INSTANTIATE_TEST_SUITE_P(All, Exported,
                         testing::Values(Case{"official-tf", Layout::official_tf},
                                         Case{"official-tf-labels", Layout::official_tf},
                                         Case{"gan-zoo", Layout::gan_zoo},
                                         Case{"akanimax", Layout::akanimax},
                                         Case{"tutorial", Layout::tutorial},
                                         Case{"readme-hq", Layout::tutorial},
                                         Case{"exercise", Layout::exercise}),
                         [](const auto& p) {
                           std::string name = p.param.golden;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace pg::test
