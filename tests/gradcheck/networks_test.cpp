// networks_test.cpp: gradients of the networks of every preset agree with central differences in
// f64: first order through G, second order through D.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/ops/ops.h"
#include "model/networks/gradcheck.h"

namespace pg {
namespace {

Context& context() {
  static const std::unique_ptr<Backend> backend = make_cpu_backend(1, CpuPath::direct);
  static Context c(*backend);
  return c;
}

struct NetworkCase {
  std::string name;
  Fade fade;
};
std::vector<NetworkCase> all_cases() {
  std::vector<NetworkCase> cases;
  for (const std::string& name : gradcheck_names()) {
    for (const Fade& fade : gradcheck_fades()) cases.push_back({name, fade});
  }
  return cases;
}
std::string name_of_case(const testing::TestParamInfo<NetworkCase>& info) {
  std::string name = info.param.name + "_" + stage_name(info.param.fade);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == ' '; }, '_');
  return name;
}
void PrintTo(const NetworkCase& c, std::ostream* out) { *out << c.name; }

class Networks : public testing::TestWithParam<NetworkCase> {
 protected:
  GradcheckNetworks networks_{context(), gradcheck_config(GetParam().name), GetParam().fade};
};

TEST_P(Networks, DiscriminatorGradientWithPenaltyMatchesFiniteDifference) {
  EXPECT_EQ(complaint(networks_.check(Network::discriminator)), "");
}

TEST_P(Networks, GeneratorGradientMatchesFiniteDifference) {
  EXPECT_EQ(complaint(networks_.check(Network::generator)), "");
}

INSTANTIATE_TEST_SUITE_P(All, Networks, testing::ValuesIn(all_cases()), name_of_case);

// Only sizes may differ from the preset.
TEST(GradcheckConfig, ChangesOnlySizes) {
  for (const std::string& name : preset_names()) {
    const Config small = gradcheck_config(name);
    Config full = preset(name);
    full.model.resolution = small.model.resolution;
    full.model.channels = small.model.channels;
    full.model.fmap_base = small.model.fmap_base;
    full.model.fmap_max = small.model.fmap_max;
    full.model.latent_size = small.model.latent_size;
    full.model.label_size = small.model.label_size;
    full.model.mbstd_group_size = small.model.mbstd_group_size;
    full.data.images = small.data.images;
    EXPECT_EQ(to_toml(full), to_toml(small)) << name;
  }
}

TEST(GradcheckConfig, SuggestsTheNearestName) {
  try {
    gradcheck_config("ganzoo");
    ADD_FAILURE() << "no error";
  } catch (const UsageError& e) {
    EXPECT_STREQ(e.what(), "unknown network 'ganzoo': did you mean 'gan-zoo'?");
  }
}

}  // namespace
}  // namespace pg
