// candidate_checks.cpp: each tile and strip on tensor cores, compared with the exact kernels.
//
// Factors are coarse, so products and sums are exact and results almost equal, whatever the order
// and the rounding of a tensor core's sums. A second run with factors of full precision checks
// their rounding.
#include "model/selftest/case_runs.h"

namespace pg::selftest {
namespace {

using cases::Case;
using cases::ConvLayer;
using cases::Selection;

constexpr int64_t kElements = 1 << 18, kChecked = 1 << 16;

// Tails of every tile, channels with and without whole packs, and shapes of strips.
constexpr ConvLayer kSmall[] = {
    {"16 to 24", 16, 24, 3},
    {"40 to 72, norm", 40, 72, 3, ConvMode::same, cases::Then::norm},
    {"35 to 16", 35, 16, 3},
    {"24 to 20, 1x1", 24, 20, 1},
    {"35 to 16, up", 35, 16, 3, ConvMode::up},
    {"16 to 35, up", 16, 35, 3, ConvMode::up},
    {"35 to 16, down", 35, 16, 3, ConvMode::down},
    {"16 to 35, down", 16, 35, 3, ConvMode::down},
    {"24 to 16, up", 24, 16, 3, ConvMode::up, cases::Then::norm},
    {"16 to 24, down", 16, 24, 3, ConvMode::down},
    {"16 to 16", 16, 16, 3, ConvMode::same, cases::Then::norm},
    {"32 to 32", 32, 32, 3},
    {"32 to 16, up", 32, 16, 3, ConvMode::up, cases::Then::norm},
    {"16 to 32, down", 16, 32, 3, ConvMode::down},
};

struct Official {
  int64_t resolution, n;
};
constexpr Official kOfficial[] = {{4, 8}, {8, 8}, {16, 4}, {32, 4}, {256, 2}, {1024, 1}};

// The comparison that the last check used: checks of one case follow each other.
using LastComparison = std::shared_ptr<std::optional<Comparison>>;

void add_case(Checks& list, Machine& machine, const LastComparison& last, Case c, bool quick) {
  const DType t = c.operands.front().dtype;
  const std::string key = message(c.name, " ", c.shape, " ", name_of(t));
  c = with_coarse_values(c);
  c.name = key + (c.name.ends_with("weight_grad") ? "/weight_grad" : "");
  const std::vector<Candidate> found = candidates_of(machine.tensor(), c);
  for (size_t i = 0; i < found.size(); ++i) {
    list.push_back({.group = found[i].family.text(),
                    .name = message(found[i].name, ": ", key),
                    .family = found[i].family,
                    .work = work_of(c),
                    .quick = quick,
                    .run = [=](Machine& m) {
                      if (!*last || (*last)->name() != c.name) {
                        last->reset();
                        last->emplace(m.tensor(), m.exact(), c, kElements);
                      }
                      return (*last)->of(i);
                    }});
  }
}

// One kernel of each family with factors that are rounded, compared with sums on the host.
void add_rounding(Checks& list, Machine& machine, const Case& c, bool quick) {
  const DType t = c.operands.front().dtype;
  const Precision precision = t == DType::bf16 ? Precision::bf16 : Precision::tf32;
  const std::vector<Candidate> found = candidates_of(machine.tensor(), c);
  TensorKernels done;
  for (size_t i = 0; i < found.size(); ++i) {
    if (done.contains(found[i].family)) continue;
    done = done | found[i].family;
    list.push_back({.group = message("rounding, ", found[i].family.text()),
                    .name = message("rounding, ", found[i].name, ": ", c.name, " ", c.shape),
                    .family = found[i].family,
                    .work = work_of(c),
                    .quick = quick,
                    .run = [=](Machine& m) {
                      return compare_with_host(m.tensor(), c, cases::tolerance_of(c, precision), i);
                    }});
  }
}

// Adam writes the copies of filters that the next convolution uses: the same bits as of a filter
// that is packed for it. Without families that have failed already.
Deviation check_written_copies(Machine& m, DType t) {
  using cases::Fill;
  const std::unique_ptr<Backend> backend = m.training(MatrixMath::tf32);
  Backend& b = *backend;
  Case c{.name = "copies of filters"};
  const Shape x{2, 8, 8, 16}, w{32, 3, 3, 16}, y{2, 8, 8, 32}, flat{1, 1, 1, w.numel()};
  c.operands = {{.shape = x, .dtype = t},
                {.shape = w},
                {.shape = y, .dtype = t, .role = cases::Role::out},
                {.shape = y, .dtype = t, .role = cases::Role::out},
                {.shape = flat, .fill = Fill::unit},
                {.shape = flat},
                {.shape = {}, .dtype = DType::f64, .fill = Fill::one},
                {.shape = {1, 1, 1, 2}, .dtype = DType::f64, .fill = Fill::one}};
  const cases::Operands operands(b, c, 0);
  const cases::Views v = operands.copy(0);
  const auto convolve = [&](const TensorView& to, uint64_t version) {
    b.conv2d({.x = v[0], .w = at_version(v[1], version), .y = to});
  };
  convolve(v[2], 1);
  TensorView updated{v[1].data, DType::f32, flat};
  updated.version = 2;
  updated.previous = 1;
  b.adam({.w = updated, .v = v[4], .g = v[5], .lr = v[6], .t = v[6], .stats = v[7]});
  convolve(v[2], 2);  // by Adam's copy
  convolve(v[3], 0);  // by a new one
  const std::vector<double> got = cases::download(b, v[2]), want = cases::download(b, v[3]);
  Deviation worst{.tolerance = 0.0};
  for (size_t i = 0; i < want.size(); ++i) {
    if (got[i] == want[i]) continue;
    worst.include(std::abs(got[i] - want[i]),
                  [&] { return message("element ", i, ": expected ", want[i], ", got ", got[i]); });
  }
  return worst;
}

}  // namespace

void add_candidate_checks(Checks& list, Machine& machine) {
  if (!machine.is_gpu()) return;
  const auto last = std::make_shared<std::optional<Comparison>>();
  for (const DType t : {DType::bf16, DType::f32}) {
    const auto add = [&](const std::vector<Case>& all, bool exact_quick, bool rounding_quick) {
      for (const Case& c : all) add_case(list, machine, last, c, exact_quick);
      for (const Case& c : all) add_rounding(list, machine, c, rounding_quick);
    };
    for (const ConvLayer& layer : kSmall) {
      add(layer_cases(layer, {.resolution = 8, .n = 2, .activations = t, .checked = kChecked}),
          true, true);
    }
    add(cases::product_cases({.resolution = 4, .n = 4, .activations = t}), true, true);
    add(cases::dense_cases({.resolution = 4, .n = 8, .activations = t, .checked = kChecked}), true,
        false);
    const TensorType type = tensor_type(t);
    list.push_back({.group = "filters packed by Adam",
                    .name = message("copies of filters by Adam, ", name_of(t)),
                    .family = TensorKernels(TensorFamily::fprop, type) |
                              TensorKernels(TensorFamily::strips, type),
                    .work = 2e5,
                    .run = [t](Machine& m) { return check_written_copies(m, t); }});
    for (const Official& o : kOfficial) {
      add(cases::conv_cases(
              {.resolution = o.resolution, .n = o.n, .activations = t, .checked = 16 * kChecked}),
          o.resolution == 32 || o.resolution == 1024, false);
    }
  }
}

}  // namespace pg::selftest
