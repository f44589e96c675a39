// op_checks.cpp: the op cases of engine/gradcheck, on the device under test.
#include <algorithm>
#include <set>

#include "engine/gradcheck/checks.h"
#include "model/networks/gradcheck.h"
#include "model/selftest/check.h"

namespace pg::selftest {
namespace {

using gradcheck::OpCase;

// A sample for the quick selftest, which checks the values of all ops.
const std::set<std::string> kQuickFirst = {"ConvUp",     "ConvDown",   "ConvToRgb",     "Dense",
                                           "MulChannel", "LerpSample", "SumToChannels", "FadeIn25",
                                           "Tanh",       "ConvSame3x3"};
const std::set<std::string> kQuickSecond = {"MinibatchStddevOfficial", "PixelNorm3Channels",
                                            "AppendChannel"};

// The fast path of a CPU rounds about ten times more coarsely than direct sums.
constexpr double kWinogradSlack = 10.0;
constexpr double kSmallWork = 1e4, kGradientWork = 1e6;

void add_gradients(Checks& list, const OpCase& c) {
  list.push_back({.group = "gradients of ops, f64",
                  .name = "first gradient of " + c.name,
                  .work = kGradientWork,
                  .quick = kQuickFirst.contains(c.name),
                  .run = [c](Machine& m) { return check_gradient(c, m.exact_context()); }});
  list.push_back({.group = "gradients of ops, f64",
                  .name = "second gradient of " + c.name,
                  .work = kGradientWork,
                  .quick = kQuickSecond.contains(c.name),
                  .run = [c](Machine& m) { return check_second_gradient(c, m.exact_context()); }});
}

void add_networks(Checks& list) {
  for (const char* name : {"official-tf", "plain-layers"}) {
    for (const Network network : {Network::discriminator, Network::generator}) {
      const bool d = network == Network::discriminator;
      list.push_back({.group = "gradients of networks, f64",
                      .name = message("gradients of ", name, d ? " D" : " G"),
                      .work = 10 * kGradientWork,
                      .quick = false,
                      .run = [=](Machine& m) {
                        return GradcheckNetworks(m.exact_context(), gradcheck_config(name),
                                                 {8, 0.3})
                            .check(network);
                      }});
    }
  }
}

}  // namespace

void add_op_checks(Checks& list) {
  const std::vector<OpCase> cases = gradcheck::all_op_cases();
  for (const OpCase& c : cases) {
    list.push_back({.group = "ops and first gradients, f32",
                    .name = "values of " + c.name,
                    .work = kSmallWork,
                    .run = [c](Machine& m) {
                      const double slack = m.is_gpu() ? 1.0 : kWinogradSlack;
                      return compare_f32(c, m.exact_context(), m.oracle_context(), slack);
                    }});
  }
  for (const OpCase& c : cases) add_gradients(list, c);
  const auto quick = std::ranges::count_if(
      list, [](const Check& c) { return c.quick && c.group == "gradients of ops, f64"; });
  PG_ASSERT(static_cast<size_t>(quick) == kQuickFirst.size() + kQuickSecond.size());
  add_networks(list);
}

}  // namespace pg::selftest
