// kernel_checks.cpp: every kernel of kernels.def by itself, in each type and shape that networks
// use, compared with the host.

#include "model/selftest/case_runs.h"

namespace pg::selftest {
namespace {

using cases::Case;
using cases::Selection;

constexpr int64_t kChecked = 1 << 16;

// Small tensors, with and without whole packs of channels.
std::vector<Case> small_cases(DType activations) {
  std::vector<Case> list;
  for (const int64_t resolution : {4, 8}) {
    for (const int64_t channels : {16, 33}) {
      const Selection s{.resolution = resolution,
                        .n = 4,
                        .activations = activations,
                        .channels = channels,
                        .checked = kChecked};
      for (Case& c : cases::memory_cases(s)) list.push_back(std::move(c));
      if (resolution == 4) {
        for (Case& c : cases::number_cases(s)) list.push_back(std::move(c));
      }
    }
  }
  return list;
}

struct Official {
  int64_t resolution, n;
};
constexpr Official kOfficial[] = {{4, 16}, {32, 8}, {256, 2}, {1024, 1}};

std::vector<Case> official_cases(const Official& o, DType activations) {
  const Selection s{
      .resolution = o.resolution, .n = o.n, .activations = activations, .checked = kChecked};
  std::vector<Case> list = cases::memory_cases(s);
  return list;
}

void add(Checks& list, const std::string& group, const Case& c, DType t, bool quick) {
  const char* const type = name_of(t);
  list.push_back({.group = group,
                  .name = message(c.name, ", ", type, ", ", c.shape),
                  .work = work_of(c),
                  .quick = quick,
                  .run = [c, t](Machine& m) {
                    const Precision p = t == DType::bf16 ? Precision::bf16 : Precision::fp32;
                    return compare_with_host(m.exact(), c, cases::tolerance_of(c, p));
                  }});
}

// Convolutions and dense products without tensor cores: the kernels that take the place of others.
void add_exact_products(Checks& list, DType t) {
  const std::string group = message("exact convolutions and products, ", name_of(t));
  const auto add_all = [&](const std::vector<Case>& all, bool quick) {
    for (const Case& c : all) add(list, group, c, t, quick);
  };
  using cases::ConvLayer;
  constexpr ConvLayer kSmall[] = {
      {"16 to 24", 16, 24, 3},
      {"33 to 16", 33, 16, 3, ConvMode::same, cases::Then::norm},
      {"16 to 40, up", 16, 40, 3, ConvMode::up, cases::Then::norm},
      {"12 to 32, down", 12, 32, 3, ConvMode::down},
      {"16 to RGB", 16, 3, 1, ConvMode::same, cases::Then::bias},
      {"RGB to 16", 3, 16, 1},
      {"gray to 32", 1, 32, 1},
      {"24 to 20, 1x1", 24, 20, 1},
  };
  for (const ConvLayer& layer : kSmall) {
    add_all(layer_cases(layer, {.resolution = 8, .n = 2, .activations = t, .checked = kChecked}),
            true);
  }
  add_all(cases::product_cases({.resolution = 4, .n = 4, .activations = t}), true);
  add_all(cases::dense_cases({.resolution = 4, .n = 8, .activations = t, .checked = kChecked}),
          false);
  for (const Official& o : {Official{4, 8}, {32, 4}, {256, 1}, {1024, 1}}) {
    add_all(cases::conv_cases(
                {.resolution = o.resolution, .n = o.n, .activations = t, .checked = 16 * kChecked}),
            false);
  }
}

Case without_name_of_place(Case c) {
  const size_t slash = c.name.find('/');
  if (slash != std::string::npos && c.name.find('/', slash + 1) == std::string::npos) {
    c.name = c.name.substr(slash + 1);
  }
  return c;
}

}  // namespace

void add_kernel_checks(Checks& list, Machine& machine) {
  std::vector<DType> types = {DType::f32};
  if (machine.is_gpu()) types.push_back(DType::bf16);
  for (const DType t : types) {
    const std::string group = message("other kernels, ", name_of(t));
    for (const Case& c : small_cases(t)) add(list, group, without_name_of_place(c), t, true);
    for (const Official& o : kOfficial) {
      for (const Case& c : official_cases(o, t)) add(list, group, c, t, o.resolution == 32);
    }
    add_exact_products(list, t);
  }
  for (const Case& c : cases::optimizer_cases(int64_t{1} << 12, kChecked)) {
    add(list, "optimizer", c, DType::f32, true);
  }
  for (const Case& c : cases::optimizer_cases(cases::kParameters, kChecked)) {
    add(list, "optimizer", c, DType::f32, false);
  }
}

}  // namespace pg::selftest
