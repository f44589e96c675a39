// selftest_test.cpp: the selftest of the program on the emulated GPU, healthy and with planted
// faults.
//
// PROGAN_SELFTEST_WORK skips what takes an emulator long; PROGAN_SELFTEST_LIMIT shortens the
// wait for a kernel that hangs.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

constexpr const char* kSmall = "PROGAN_SELFTEST_WORK=5e5 PROGAN_SELFTEST_LIMIT=10 ";

Outcome selftest(const Sandbox& box, const std::string& fault, const std::string& options = "") {
  return box.run("selftest --device cuda --quick --json report.json " + options,
                 kSmall + (fault.empty() ? "" : "PROGAN_SIMT_FAULT='" + fault + "'"));
}

// Names of failed checks, one per line.
std::string failures(const nlohmann::json& report) {
  std::string names;
  for (const nlohmann::json& check : report.at("checks")) {
    if (check.at("verdict") == "failed") names += check.at("name").get<std::string>() + "\n";
  }
  return names;
}

TEST(Selftest, AHealthyGpuPasses) {
  const Sandbox box;
  const Outcome outcome = selftest(box, "");
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_LE(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 60);
  for (const char* line : {"CPU emulation", "fprop bf16", "strips tf32", "wgrad bf16",
                           "matmul tf32", "ops and first gradients, f32", " checks passed in "}) {
    EXPECT_NE(outcome.out.find(line), std::string::npos) << line << "\n" << outcome.out;
  }
  const nlohmann::json report = nlohmann::json::parse(box.read("report.json"));
  EXPECT_EQ(report.at("passed"), true);
  EXPECT_EQ(failures(report), "");
  EXPECT_EQ(selftest(box, "").code, 0) << "its own report may be replaced";
}

struct Planted {
  const char *name, *fault, *check, *detail, *left_out;
};
void PrintTo(const Planted& p, std::ostream* out) { *out << p.name; }

class PlantedFault : public testing::TestWithParam<Planted> {};

TEST_P(PlantedFault, IsNamedWithItsFamily) {
  const Planted& p = GetParam();
  const Sandbox box;
  const Outcome outcome = selftest(box, p.fault);
  EXPECT_EQ(outcome.code, 1) << outcome.out;
  const nlohmann::json report = nlohmann::json::parse(box.read("report.json"));
  EXPECT_NE(failures(report).find(p.check), std::string::npos) << failures(report);
  EXPECT_NE(outcome.out.find(p.check), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find(p.detail), std::string::npos) << outcome.out;
  EXPECT_EQ(report.at("left_out"), p.left_out);
  EXPECT_EQ(report.at("complete"), true);
  EXPECT_NE(outcome.err.find("checks failed; please report"), std::string::npos) << outcome.err;
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, PlantedFault,
    testing::Values(Planted{"WgradWrong", "::wgrad_kernel<__nv_bfloat16:wrong", "wgrad bf16",
                            "expected", "wgrad bf16"},
                    Planted{"WgradIllegal", "::wgrad_kernel<__nv_bfloat16:illegal", "wgrad bf16",
                            "the kernel wgrad_kernel<", "wgrad bf16"},
                    Planted{"WgradHangs", "::wgrad_kernel<__nv_bfloat16:hang", "wgrad bf16", "hung",
                            "wgrad bf16"},
                    Planted{"StripsWrong", "fprop_strip_kernel<float:wrong", "strips tf32",
                            "expected", "strips tf32"},
                    Planted{"FpropIllegal", "::fprop_kernel<__nv_bfloat16:illegal", "fprop bf16",
                            "the kernel fprop_kernel<bf16", "fprop bf16"},
                    Planted{"MatmulWrong", "tensor_matmul_kernel<float, float:wrong", "matmul tf32",
                            "expected", "matmul tf32"},
                    Planted{"PixelNormWrong", "::pixel_norm_kernel<float:wrong", "pixel_norm, f32",
                            "relative error", "fprop tf32, strips tf32"},
                    Planted{"PixelNormIllegal", "::pixel_norm_kernel<float:illegal",
                            "pixel_norm, f32", "the kernel pixel_norm_kernel<float",
                            "fprop tf32, strips tf32"},
                    Planted{"AdamHangs", "::adam_kernel<float:hang", "network/adam", "hung", ""}),
    [](const auto& p) { return p.param.name; });

TEST(Selftest, TheCpuPasses) {
  const Sandbox box;
  const Outcome outcome = box.run("selftest --device cpu --quick", "PROGAN_SELFTEST_WORK=1e6");
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find("selftest of cpu"), std::string::npos) << outcome.out;
}

TEST(Selftest, WrongUsageIsOneSentence) {
  const Sandbox box;
  box.write("notes.json", "{}");
  for (const char* arguments : {"selftest --device gpu", "selftest --device cuda:7",
                                "selftest --device cpu --json notes.json"}) {
    const Outcome outcome = box.run(arguments);
    EXPECT_NE(outcome.code, 0) << arguments;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
  EXPECT_EQ(box.read("notes.json"), "{}");
}

}  // namespace
}  // namespace pg::test
