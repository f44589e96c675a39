// tensor_test.cpp: bounds, host copies and versions of tensors.
#include <gtest/gtest.h>

#include "engine/ops/ops.h"

namespace pg::test {
namespace {

class TensorTest : public testing::Test {
 protected:
  std::unique_ptr<Backend> backend_ = make_cpu_backend(1, CpuPath::direct);
  Context context_{*backend_};
  const Tensor kept_{context_, {2, 1, 1, 3}, DType::f32, Lifetime::persistent};
};

TEST_F(TensorTest, RejectsEmptyExtents) {
  for (const Shape& s :
       {Shape{0, 1, 1, 1}, Shape{1, 0, 1, 1}, Shape{1, 1, 0, 1}, Shape{1, 1, 1, 0}}) {
    EXPECT_THROW(Tensor(context_, s, DType::f32), ShapeError) << s;
  }
}

TEST_F(TensorTest, AliasesLieInsideTheirTensor) {
  from_host(kept_, std::vector<double>{0, 1, 2, 3, 4, 5});
  EXPECT_EQ(to_host(kept_.alias({1, 1, 1, 2}, 4)), (std::vector<double>{4, 5}));
  EXPECT_THROW(kept_.alias({1, 1, 1, 2}, 5), ShapeError);
  EXPECT_THROW(kept_.alias({1, 1, 1, 1}, -1), ShapeError);
  EXPECT_THROW(kept_.alias({1, 1, 1, 3}, 0).alias({1, 1, 1, 4}), ShapeError);
}

TEST_F(TensorTest, AliasesKeepTheMemory) {
  Tensor x(context_, {1, 1, 1, 4}, DType::f64);
  from_host(x, std::vector<double>{0, 1, 2, 3});
  const Tensor alias = x.alias({1, 1, 1, 2}, 2);
  x = Tensor();
  const Tensor other(context_, {1, 1, 1, 4}, DType::f64);
  from_host(other, std::vector<double>{9, 9, 9, 9});
  EXPECT_EQ(to_host(alias), (std::vector<double>{2, 3}));
}

TEST_F(TensorTest, HostCopiesHaveTheSizeOfTheTensor) {
  EXPECT_THROW(from_host(kept_, std::vector<double>(5)), ShapeError);
  EXPECT_THROW(from_host(kept_, std::vector<double>(7)), ShapeError);
}

TEST_F(TensorTest, EveryWriteGivesPersistentMemoryANewVersion) {
  const uint64_t first = kept_.version();
  EXPECT_NE(first, 0u);
  const TensorView write = kept_.mutable_view();
  EXPECT_EQ(write.previous, first);
  EXPECT_NE(write.version, first);
  EXPECT_EQ(kept_.view().version, write.version);
  EXPECT_EQ(ConstTensorView(write).version, write.version);
  kept_.note_written();
  EXPECT_NE(kept_.version(), write.version);
  EXPECT_NE(kept_.version(), first);
}

TEST_F(TensorTest, AliasesShareTheVersion) {
  const Tensor alias = kept_.alias({1, 1, 1, 3}, 3), copy = kept_;
  const uint64_t before = kept_.version();
  from_host(alias, std::vector<double>{1, 2, 3});
  EXPECT_NE(kept_.version(), before);
  EXPECT_EQ(alias.version(), kept_.version());
  EXPECT_EQ(copy.view().version, kept_.version());
}

// Freed memory is handed out again at the same address.
TEST_F(TensorTest, VersionsAreUniqueAndStepMemoryHasNone) {
  const Tensor other(context_, {2, 1, 1, 3}, DType::f32, Lifetime::persistent);
  EXPECT_NE(other.version(), kept_.version());
  const Tensor step(context_, {2, 1, 1, 3}, DType::f32);
  EXPECT_EQ(step.mutable_view().version, 0u);
  EXPECT_EQ(step.view().version, 0u);
  step.note_written();
  EXPECT_EQ(step.version(), 0u);
}

}  // namespace
}  // namespace pg::test
