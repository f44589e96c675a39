// parameters_test.cpp: layout of a parameter store: views, prefixes of a stage, names.
#include "engine/parameters.h"

#include <gtest/gtest.h>

namespace pg::test {
namespace {

class Parameters : public testing::Test {
 protected:
  static std::vector<ParameterSpec> specs() {
    return {{.name = "4/weight", .shape = {2, 3, 3, 1}},
            {.name = "4/bias", .shape = {1, 1, 1, 2}},
            {.name = "8/weight", .shape = {5, 1, 1, 1}, .resolution = 8},
            {.name = "16/weight", .shape = {1, 1, 1, 16}, .resolution = 16}};
  }
  std::unique_ptr<Backend> backend_ = make_cpu_backend(1, CpuPath::direct);
  Context context_{*backend_};
  ParameterStore store_{context_, specs()};
};

TEST_F(Parameters, OfAStageAreAPrefixOfAlignedParameters) {
  EXPECT_EQ(store_.prefix(4), 32 + 16);  // 18 and 2 elements, each rounded up to 16
  EXPECT_EQ(store_.prefix(8), 32 + 16 + 16);
  EXPECT_EQ(store_.prefix(16), store_.count());
  EXPECT_EQ(store_.prefix(1024), store_.count());
  EXPECT_EQ(store_.count(), 32 + 16 + 16 + 16);
}

TEST_F(Parameters, ViewsAreThoseInUseInOrder) {
  EXPECT_EQ(store_.views(store_.flat(), 2).size(), 0u);
  const std::vector<Tensor> views = store_.views(store_.flat(), 8);
  ASSERT_EQ(views.size(), 3u);
  for (size_t i = 0; i < views.size(); ++i) {
    EXPECT_EQ(views[i].shape(), specs()[i].shape);
    EXPECT_EQ(views[i].view().data, store_.get(specs()[i].name).view().data);
  }
  EXPECT_EQ(store_.all().size(), 4u);
}

TEST_F(Parameters, ViewsOfAnotherBufferHaveTheSameLayout) {
  const Tensor other(context_, store_.flat().shape(), DType::f32, Lifetime::persistent);
  const auto first = static_cast<const float*>(other.view().data);
  EXPECT_EQ(store_.views(other, 8)[2].view().data, first + 48);
}

TEST_F(Parameters, StartAtZeroAndAreWrittenThroughTheirViews) {
  EXPECT_EQ(to_host(store_.flat()), std::vector<double>(80, 0.0));
  const uint64_t before = store_.flat().version();
  from_host(store_.get("8/weight"), std::vector<double>{1, 2, 3, 4, 5});
  EXPECT_EQ(to_host(store_.flat())[50], 3.0);
  EXPECT_NE(store_.flat().version(), before);
}

TEST_F(Parameters, ElementsHaveNames) {
  EXPECT_EQ(store_.element_name(0), "4/weight[0]");
  EXPECT_EQ(store_.element_name(33), "4/bias[1]");
  EXPECT_EQ(store_.element_name(79), "16/weight[15]");
}

TEST_F(Parameters, RejectUnknownNamesAndBadSpecs) {
  EXPECT_THROW(store_.get("4/weights"), Error);
  std::vector<ParameterSpec> twice = specs();
  twice[1].name = twice[0].name;
  EXPECT_THROW(ParameterStore(context_, twice), Error);
  std::vector<ParameterSpec> disordered = specs();
  disordered[0].resolution = 32;
  EXPECT_THROW(ParameterStore(context_, disordered), Error);
  EXPECT_THROW(store_.set_factors({1.0}), Error);
}

}  // namespace
}  // namespace pg::test
