// gradcheck_test.cpp: the command gradcheck. (The result of a wrong gradient is tested in
// tests/gradcheck/ops_test.cpp.)
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

int64_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

void expect_usage_error(const Outcome& o, const std::string& sentence) {
  EXPECT_EQ(o.code, 2);
  EXPECT_EQ(o.err, "progan_cuda: " + sentence + "\n");
  EXPECT_EQ(o.out, "");
}

TEST(Gradcheck, PrintsOneRowForAnOpOfThatName) {
  const Outcome o = Sandbox().run("gradcheck --device cpu --op ConvUp");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(o.out.starts_with("op ")) << o.out;
  EXPECT_TRUE(contains(o.out, "\nConvUp ")) << o.out;
  EXPECT_TRUE(contains(o.out, " of 2.0e-07   ok\n\n")) << o.out;
  EXPECT_TRUE(o.out.ends_with("\n1 op checked on cpu: all gradients agree\n")) << o.out;
  EXPECT_EQ(lines(o.out), 4) << o.out;
}

TEST(Gradcheck, AcceptsPrefixesAndPatterns) {
  const Outcome o = Sandbox().run("gradcheck --device cpu --op 'Conv*UpWide' --op Dens");
  EXPECT_EQ(o.code, 0) << o.err;
  for (const char* name :
       {"ConvUpWide ", "ConvInputGradUpWide ", "ConvBiasLreluUpWide ", "Dense "}) {
    EXPECT_TRUE(contains(o.out, std::string("\n") + name)) << o.out;
  }
  EXPECT_TRUE(contains(o.out, "\n6 ops checked on cpu")) << o.out;
}

TEST(Gradcheck, ChecksTheNetworksOfAPresetAtEveryStage) {
  const Outcome o = Sandbox().run("gradcheck --device cpu --model tutorial");
  EXPECT_EQ(o.code, 0) << o.err;
  for (const char* stage : {"4x4 stable", "8x8 fading", "8x8 stable", "16x16 fading"}) {
    for (const char* network : {" D ", " G "}) {
      EXPECT_TRUE(contains(o.out, std::string("\ntutorial ") + stage + network)) << o.out;
    }
  }
  EXPECT_TRUE(o.out.ends_with("\n8 networks checked on cpu: all gradients agree\n")) << o.out;
}

TEST(Gradcheck, ListsOpsAndNetworks) {
  const Outcome o = Sandbox().run("gradcheck --list");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(contains(o.out, "op       MinibatchStddevOfficial\n")) << o.out;
  EXPECT_TRUE(contains(o.out, "network  official-tf\n")) << o.out;
  EXPECT_TRUE(contains(o.out, "network  projection\n")) << o.out;
}

TEST(Gradcheck, SuggestsTheNearestName) {
  const Sandbox box;
  expect_usage_error(box.run("gradcheck --op PixelNrm16Channels"),
                     "unknown op 'PixelNrm16Channels': did you mean 'PixelNorm16Channels'?");
  expect_usage_error(box.run("gradcheck --op zzz"),
                     "unknown op 'zzz'; progan_cuda gradcheck --list lists all ops");
  expect_usage_error(box.run("gradcheck --model offical-tf"),
                     "unknown network 'offical-tf': did you mean 'official-tf'?");
  const Outcome o = box.run("gradcheck --device gpu");
  EXPECT_EQ(o.code, 2) << o.err;
}

}  // namespace
}  // namespace pg::test
