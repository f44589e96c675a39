// trust_test.cpp: the first training on a GPU checks it, and does without what fails.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "data/formats/safetensors.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSmall = "PROGAN_SELFTEST_WORK=5e5 PROGAN_SELFTEST_LIMIT=10 ";
// Hardly any check: enough where none has to fail.
constexpr const char* kFew = "PROGAN_SELFTEST_WORK=2e3 ";
constexpr const char* kWrongWgrad = "PROGAN_SIMT_FAULT='::wgrad_kernel<__nv_bfloat16:wrong' ";

Outcome train(const Sandbox& box, const std::string& fault, const std::string& more = "") {
  return box.run(tiny("--device cuda --precision bf16 --kimg 0.016 " + more),
                 fault.empty() ? kFew : kSmall + fault);
}

fs::path trust_file(const Sandbox& box) {
  for (const auto& entry : fs::directory_iterator(box / "cache/progan_cuda")) {
    if (entry.path().filename().string().starts_with("selftest-")) return entry.path();
  }
  return {};
}

// All files of the run with a given ending, by name.
std::map<std::string, std::string> files(const Sandbox& box, const std::string& ending) {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(box / "runs")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(ending)) continue;
    found[name] = box.read(fs::relative(entry.path(), box.path()).string());
  }
  return found;
}

std::string log_of(const Sandbox& box) { return files(box, "log.txt")["log.txt"]; }

// Names and bytes of the tensors of all checkpoints, which do not depend on settings.
std::string tensors(const Sandbox& box) {
  std::set<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(box / "runs")) {
    paths.insert(entry.path());
  }
  std::string all;
  for (const fs::path& path : paths) {
    if (path.extension() != ".safetensors") continue;
    const Safetensors file(path);
    for (const StoredTensor& t : file.tensors()) {
      const auto bytes = file.read(t);
      all += t.name + std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
  }
  return all;
}

TEST(Trust, AGpuIsCheckedOnceAndRemembered) {
  const Sandbox box;
  const Outcome first = train(box, "");
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_NE(first.err.find("checking cuda:0"), std::string::npos) << first.err;
  ASSERT_NE(trust_file(box), "");
  const Outcome second = train(box, "");
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(second.err.find("checking"), std::string::npos) << second.err;
  EXPECT_EQ(log_of(box).find("wrong results"), std::string::npos);
}

TEST(Trust, ADamagedFileCountsAsNone) {
  const Sandbox box;
  EXPECT_EQ(train(box, "").code, 0);
  const fs::path file = trust_file(box);
  const std::string whole = box.read(fs::relative(file, box.path()).string());
  std::string unknown = whole;
  unknown.replace(unknown.find("\"left_out\": \""), 13, "\"left_out\": \"fprop b");
  for (const std::string& text :
       {std::string(), whole.substr(0, whole.size() / 2), unknown, std::string("[1]")}) {
    std::ofstream(file, std::ios::trunc) << text;
    EXPECT_NE(train(box, "").err.find("checking cuda:0"), std::string::npos) << text;
    EXPECT_EQ(box.read(fs::relative(file, box.path()).string()), whole);
  }
}

// Files and tensors of a run whose kernel computes wrong results equal those of a run on a healthy
// GPU without it.
TEST(Trust, AFamilyThatFailsIsLeftOut) {
  const Sandbox faulty, without, healthy;
  const Outcome outcome = train(faulty, kWrongWgrad);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(log_of(faulty).find("this GPU computes wrong results with some kernels (wgrad bf16, "),
            std::string::npos)
      << log_of(faulty);
  EXPECT_NE(log_of(faulty).find("without them (wgrad bf16) training is slower and correct"),
            std::string::npos);
  const fs::path file = fs::relative(trust_file(faulty), faulty.path());
  without.write(file.string(), faulty.read(file.string()));
  EXPECT_EQ(train(without, "").code, 0);
  EXPECT_EQ(train(healthy, "").code, 0);
  EXPECT_EQ(files(faulty, ".png"), files(without, ".png"));
  EXPECT_EQ(tensors(faulty), tensors(without));
  EXPECT_NE(tensors(faulty), "");
  EXPECT_NE(tensors(faulty), tensors(healthy));
}

TEST(Trust, TheCheckCanBeTurnedOff) {
  const Sandbox box;
  const Outcome outcome = train(box, "", "--set train.selftest=off");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err.find("checking"), std::string::npos);
  EXPECT_FALSE(fs::exists(box / "cache/progan_cuda") && !trust_file(box).empty());
}

TEST(Trust, AFaultWithoutReplacementStopsTheRun) {
  const Sandbox box;
  for (const char* kind : {"wrong", "illegal"}) {
    const Outcome outcome =
        train(box, "PROGAN_SIMT_FAULT='::pixel_norm_kernel<float:" + std::string(kind) + "' ");
    EXPECT_EQ(outcome.code, 1);
    for (const char* part : {"cuda:0 (CPU emulation", "nothing can take the place",
                             "pixel_norm, f32", "progan_cuda selftest --device cuda:0"}) {
      EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
    }
    EXPECT_FALSE(fs::exists(box / "runs"));
  }
}

TEST(Trust, AResumedRunNamesWhatChanged) {
  const Sandbox box;
  EXPECT_EQ(train(box, "").code, 0);
  fs::remove(trust_file(box));
  const Outcome resumed = box.run("train --resume --kimg 0.032", std::string(kSmall) + kWrongWgrad);
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_NE(log_of(box).find("train.left_out was \"\" and is \"wgrad bf16\": other kernels compute "
                             "the same; results are rounded differently from here on"),
            std::string::npos)
      << log_of(box);
}

TEST(Trust, OnlyKernelsThatTrainingUsesAreNamed) {
  const Sandbox box;
  const Outcome outcome = box.run(tiny("--device cuda --precision fp32 --kimg 0.016"),
                                  std::string(kSmall) + kWrongWgrad);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(log_of(box).find("wrong results"), std::string::npos);
}

}  // namespace
}  // namespace pg::test
