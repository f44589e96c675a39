// adam_packed_filters_test.cpp: with packed filters in use, Adam updates the weights as without
// them, and the copies as packing would.
#include <cmath>
#include <optional>

#include "kernels/cuda/adam/adam_plan.h"
#include "kernels/cuda/conv/filters/packed_filters.h"
#include "kernels/cuda/device/launchers.h"
#include "tests/kernels/kernel_device.h"
#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

using cuda::FilterUse;
using cuda::PackedFilter;
using cuda::TapPattern;
using Bits = std::vector<unsigned char>;

struct Filter {
  int64_t first;
  Shape shape;
};

struct Setting {
  std::vector<Filter> filters;  // in a flat buffer, with biases between them
  int64_t count;
  double beta1 = 0.0, finite = 1.0;
  Placement placement = Placement::aligned;
};

// Tails of tiles (32 x 32 pairs) and of 16-byte chunks in both types; neighbours with and without
// biases between them, and biases that fill more than a tile.
Setting odd_network() {
  return {.filters = {{0, {5, 3, 3, 35}}, {1575, {40, 3, 3, 33}}, {13500, {33, 3, 3, 6}}},
          .count = 17000};
}

std::vector<PackedFilter> all_copies(const ConstTensorView& w, uint64_t version) {
  std::vector<PackedFilter> list;
  for (const TapPattern pattern : {TapPattern::plain, TapPattern::spread, TapPattern::gather}) {
    for (const FilterUse use : {FilterUse::forward, FilterUse::transposed}) {
      for (const DType dtype : {DType::bf16, DType::f32}) {
        list.push_back(
            {.w = at_version(w, version), .pattern = pattern, .use = use, .dtype = dtype});
      }
    }
  }
  return list;
}

// A network's buffers on a device with accessible packed filters.
class Network {
 public:
  explicit Network(const Setting& setting)
      : setting_(setting), bench_(*backend_, DType::f32, setting.placement) {
    const Shape flat{1, 1, 1, setting.count};
    w_ = bench_.inout(random_host(flat, 1));
    v_ = bench_.inout(random_host(flat, 2, 0.0, 1.0));
    m_ = bench_.inout(random_host(flat, 3));
    average_ = bench_.inout(random_host(flat, 4));
    g_ = bench_.in(random_host(flat, 5));
    lr_ = bench_.in(Host({}, 0.01), DType::f64);
    t_ = bench_.in(Host({}, 3.0), DType::f64);
    stats_ = bench_.in(Host({1, 1, 1, 2}, {setting.finite, 1.0}), DType::f64);
  }

  TensorView filter(size_t i) const {
    const Filter& f = setting_.filters[i];
    return {w_.as<float>() + f.first, DType::f32, f.shape};
  }

  // Over the first `count` elements.
  void step(uint64_t version, uint64_t next_version, std::optional<int64_t> count = {}) {
    const Shape flat{1, 1, 1, count.value_or(setting_.count)};
    const auto prefix = [&](const auto& x) { return TensorView{x.data, x.dtype, flat}; };
    TensorView w = prefix(w_);
    w.previous = version;
    w.version = next_version;
    cuda::adam(queue_, {.w = w,
                        .v = prefix(v_),
                        .m = setting_.beta1 != 0.0 ? prefix(m_) : TensorView{},
                        .ema = prefix(average_),
                        .g = {g_.data, g_.dtype, flat},
                        .lr = lr_,
                        .t = t_,
                        .stats = stats_,
                        .beta1 = setting_.beta1});
  }

  Bits packed(const PackedFilter& filter) {
    Bits bits(static_cast<size_t>(filter.bytes()));
    const void* const data = packed_filters(queue_).get(queue_, filter);
    PG_CUDA(
        cudaMemcpyAsync(bits.data(), data, bits.size(), cudaMemcpyDeviceToHost, queue_.stream()));
    PG_CUDA(cudaStreamSynchronize(queue_.stream()));
    return bits;
  }
  std::vector<Bits> all_packed(const std::vector<PackedFilter>& list) {
    std::vector<Bits> all;
    for (const PackedFilter& f : list) all.push_back(packed(f));
    return all;
  }
  std::vector<PackedFilter> all_filters(uint64_t version) const {
    std::vector<PackedFilter> list;
    for (size_t i = 0; i < setting_.filters.size(); ++i) {
      for (const PackedFilter& f : all_copies(filter(i), version)) list.push_back(f);
    }
    return list;
  }

  // Overwrites the weights without a new version.
  void overwrite_weights() {
    PG_CUDA(cudaMemsetAsync(w_.data, 0, static_cast<size_t>(setting_.count) * sizeof(float),
                            queue_.stream()));
  }
  std::vector<Host> finish() {
    PG_CUDA(cudaStreamSynchronize(queue_.stream()));
    return bench_.finish();
  }

 private:
  Setting setting_;
  std::unique_ptr<Backend> backend_ = make_cuda_backend();
  cuda::Queue queue_{0, MatrixMath::tf32};
  Bench bench_;
  TensorView w_, v_, m_, average_;
  ConstTensorView g_, lr_, t_, stats_;
};

// Calls f() in each order of threads.
void in_each_order(const std::function<void()>& f) {
  for (const DeviceVariant& variant : device_variants()) {
    SCOPED_TRACE(variant.name);
    variant.open();
    f();
  }
}

// Expects the weights, moments and EMA of a run without copies, and copies as if packed from the
// new weights, which are overwritten before the copies are read.
void expect_copies_and_weights(const Setting& setting) {
  in_each_order([&] {
    Network plain(setting), network(setting);
    plain.step(0, 0);
    network.all_packed(network.all_filters(1));
    network.step(1, 2);
    const std::vector<Bits> want = network.all_packed(network.all_filters(0));
    const std::vector<Host> state = network.finish(), plain_state = plain.finish();
    for (size_t i = 0; i < state.size(); ++i) {
      EXPECT_EQ(state[i].data, plain_state[i].data) << "buffer " << i << " of w, v, m, average";
    }
    network.overwrite_weights();
    const std::vector<Bits> got = network.all_packed(network.all_filters(2));
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_TRUE(got[i] == want[i]) << "filter " << i / 12 << ", copy " << i % 12;
    }
  });
}

TEST(AdamWithPackedFilters, CopiesEqualPackedFilters) { expect_copies_and_weights(odd_network()); }

TEST(AdamWithPackedFilters, FirstMomentsAreUpdated) {
  Setting setting = odd_network();
  setting.beta1 = 0.5;
  expect_copies_and_weights(setting);
}

TEST(AdamWithPackedFilters, SkippedUpdateKeepsTheCopies) {
  Setting setting = odd_network();
  setting.finite = 0.0;
  expect_copies_and_weights(setting);
}

TEST(AdamWithPackedFilters, BuffersMayBeUnaligned) {
  Setting setting = odd_network();
  setting.placement = Placement::odd;
  expect_copies_and_weights(setting);
}

// 12 copies of each filter: several launches for one update.
TEST(AdamWithPackedFilters, SplitsManyFiltersIntoSeveralLaunches) {
  Setting setting{.filters = {}, .count = 40 * 512};
  for (int64_t i = 0; i < 10; ++i) setting.filters.push_back({i * 512, {5, 3, 3, 7}});
  expect_copies_and_weights(setting);
}

// At least two tiles of filters per block, even on the smallest device.
TEST(AdamWithPackedFilters, BlockProcessesSeveralTiles) {
  const Setting setting{.filters = {{0, {100, 3, 3, 130}}}, .count = 117000};
  Network network(setting);
  const auto packed = [&](uint64_t version) {
    return network.packed(
        {.w = at_version(network.filter(0), version), .use = FilterUse::transposed});
  };
  packed(1);
  network.step(1, 2);
  const Bits want = packed(0);
  network.overwrite_weights();
  EXPECT_EQ(packed(2), want);
}

TEST(AdamWithPackedFilters, CopyIsRepackedAfterAnyOtherChange) {
  const Setting setting = odd_network();
  Network network(setting);
  const PackedFilter filter{.w = at_version(network.filter(0), 1)};
  const auto with_version = [&](uint64_t version) {
    PackedFilter f = filter;
    f.w.version = version;
    return f;
  };
  network.packed(filter);
  network.step(1, 2);
  const Bits updated = network.packed(with_version(2));
  network.overwrite_weights();
  EXPECT_EQ(network.packed(with_version(3)), Bits(updated.size(), 0));
  network.step(2, 4);  // of other contents than the copy has: not updated
  network.overwrite_weights();
  EXPECT_EQ(network.packed(with_version(4)), Bits(updated.size(), 0));
  EXPECT_NE(updated, Bits(updated.size(), 0));
}

// Adam skips copies that were not used since its last update; they are packed on their next use.
TEST(AdamWithPackedFilters, UnusedCopyIsPackedOnNextUse) {
  Network network(odd_network());
  const auto packed = [&](uint64_t version) {
    return network.packed({.w = at_version(network.filter(1), version)});
  };
  packed(1);
  network.step(1, 2);
  network.step(2, 3);
  const Bits want = packed(0);
  EXPECT_EQ(packed(3), want);
  network.step(3, 4);
  network.step(4, 5);
  network.overwrite_weights();
  EXPECT_EQ(packed(5), Bits(want.size(), 0));
}

// A stage updates a prefix; filters after it keep their contents under the new version.
TEST(AdamWithPackedFilters, FilterAfterThePrefixIsUnchanged) {
  const Setting setting = odd_network();
  Network network(setting), plain(setting);
  const std::vector<PackedFilter> filters = network.all_filters(1);
  network.all_packed(filters);
  const int64_t count = setting.filters[1].first + 7;
  network.step(1, 2, count);
  plain.step(0, 0, count);
  EXPECT_EQ(network.all_packed(network.all_filters(2)), network.all_packed(network.all_filters(0)));
  EXPECT_EQ(network.finish()[0].data, plain.finish()[0].data);
}

// Each weight is updated once, whatever the cache holds.
TEST(AdamWithPackedFilters, OverlappingFiltersAreUpdatedOnce) {
  const Setting setting{.filters = {{0, {8, 3, 3, 8}}, {72, {8, 3, 3, 8}}, {576, {4, 3, 3, 4}}},
                        .count = 1000};
  Network network(setting), plain(setting);
  network.all_packed(network.all_filters(1));
  network.step(1, 2);
  plain.step(0, 0);
  EXPECT_EQ(network.all_packed(network.all_filters(2)), network.all_packed(network.all_filters(0)));
  EXPECT_EQ(network.finish()[0].data, plain.finish()[0].data);
}

// 18 filters with two copies each and biases between them: one more than a 1024x1024 network has.
TEST(AdamPlan, WholeNetworkIsOneLaunch) {
  std::vector<cuda::PackedFilters::InUse> copies;
  std::vector<float> w(18 * 160);
  const Shape shape{4, 3, 3, 4};
  for (size_t i = 0; i < 18; ++i) {
    for (const FilterUse use : {FilterUse::forward, FilterUse::transposed}) {
      copies.push_back({w.data() + i * 160, shape, {nullptr, TapPattern::plain, use, DType::bf16}});
    }
  }
  const auto plans = cuda::adam_plans(w.data(), static_cast<int64_t>(w.size()), copies);
  ASSERT_EQ(plans.size(), 1u);
  int64_t next = 0;
  for (int i = 0; i < plans[0].parts; ++i) {
    EXPECT_EQ(plans[0].part[i].first, next);
    next += plans[0].part[i].count;
  }
  EXPECT_EQ(next, static_cast<int64_t>(w.size()));
}

}  // namespace
}  // namespace pg::test
