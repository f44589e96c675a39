// failed_gpu_test.cpp: commands on an emulated GPU that fails.
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

const std::string kRun = "runs/00000-builtin-shapes-64-official-tf-8";

std::string planted(const std::string& fault) { return "PROGAN_SIMT_FAULT='" + fault + "'"; }

// Without the selftest, which would find what is planted.
std::string on_gpu(const std::string& more = "") {
  return tiny("--device cuda --set train.selftest=off " + more);
}

// The last line, which is the error.
std::string last_line(const std::string& text) {
  if (text.empty()) return "";
  const size_t start = text.rfind('\n', text.size() - 2);
  return text.substr(start == std::string::npos ? 0 : start + 1);
}

void expect_parts(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    EXPECT_NE(text.find(part), std::string::npos) << text << "\nlacks " << part;
  }
}

TEST(FailedGpu, EndsTrainingWithOneSentenceThatNamesTheKernel) {
  const Sandbox box;
  const Outcome o = box.run(on_gpu(), planted("FadeIn:illegal"));
  EXPECT_EQ(o.code, 1);
  const std::string sentence = last_line(o.err);
  expect_parts(sentence, {"progan_cuda: the GPU failed in ", "8x8 fading",
                          "a kernel used memory outside of its buffers (cudaErrorIllegalAddress)",
                          "a repetition failed in the kernel map_kernel<4, FadeIn<float>>",
                          "in iteration 6", "the last checkpoint is " + kRun,
                          "to resume: progan_cuda train --resume " + kRun, "progan_cuda selftest"});
  expect_parts(box.read(kRun + "/log.txt"),
               {"error: " + sentence.substr(std::string("progan_cuda: ").size())});
  const Outcome again = box.run("train --resume --device cuda");
  EXPECT_EQ(again.code, 0) << again.err;
  const Sandbox whole;
  ASSERT_EQ(whole.run(on_gpu()).code, 0);
  const std::string last = kRun + "/checkpoint-000000.128.safetensors";
  EXPECT_TRUE(box.read(last) == whole.read(last)) << "the resumed run has other bits";
}

TEST(FailedGpu, OfEachKindIsExplained) {
  const std::pair<const char*, const char*> kinds[] = {
      {"misaligned", "a kernel used a misaligned address"},
      {"launch", "a kernel failed (cudaErrorLaunchFailure)"},
      {"timeout", "a kernel ran longer than the driver allows on a GPU with a display"},
      {"ecc", "the GPU's memory had an error that it could not correct (ECC)"},
      {"lost", "the GPU was lost, or another program has it alone"},
  };
  const Sandbox box;
  for (const auto& [kind, text] : kinds) {
    const Outcome o = box.run(on_gpu("--kimg 0.016"), planted(std::string("adam:") + kind));
    EXPECT_EQ(o.code, 1);
    expect_parts(last_line(o.err), {"the GPU failed in iteration 1 (4x4 stable, 0.008 kimg): ",
                                    text, "a repetition failed in the kernel adam"});
  }
}

// Fewer launches precede it in the repetition, which starts at a checkpoint.
TEST(FailedGpu, ThatWorksAgainIsBlamedOnTheHardware) {
  const Sandbox box;
  const Outcome o = box.run(on_gpu(), planted("add_scalars_kernel:illegal:7"));
  EXPECT_EQ(o.code, 1);
  expect_parts(last_line(o.err), {"/finished-4x4.safetensors (0.04 kimg)",
                                  "it did not happen again when all iterations since then were "
                                  "repeated, so the hardware is a likely reason"});
}

TEST(FailedGpu, WithoutAChildNamesNoKernel) {
  const Sandbox box;
  for (const char* program : {"/bin/false", "/path/to/nothing"}) {
    const Outcome o =
        box.run(on_gpu(), planted("adam:illegal") + " PROGAN_CUDA_PROGRAM=" + program);
    EXPECT_EQ(o.code, 1);
    expect_parts(last_line(o.err), {"(cudaErrorIllegalAddress); the last checkpoint is"});
  }
}

// Starts the program as $child, waits for a text in its output, and does `then`.
std::string after(const Sandbox& box, const std::string& text, const std::string& then) {
  box.write("script.sh", "\"$@\" & child=$!\nfor i in $(seq 1200); do grep -q '" + text +
                             "' err.txt && break\n  sleep 0.05\ndone\n" + then + "\nwait $child\n");
  return "env --default-signal bash ./script.sh env ";
}

TEST(FailedGpu, CtrlCEndsTheRepetitionAtOnce) {
  const Sandbox box;
  box.write("hangs", "#!/bin/sh\nexec sleep 600\n");
  fs::permissions(box / "hangs", fs::perms::owner_all);
  const Outcome o = box.run(on_gpu(), after(box, "repeating the iteration", "kill -INT $child") +
                                          planted("adam:illegal") + " PROGAN_CUDA_PROGRAM=./hangs");
  EXPECT_EQ(o.code, 1);
  expect_parts(last_line(o.err), {"(cudaErrorIllegalAddress); the last checkpoint is"});
}

TEST(FailedGpu, ThatHangsIsLeftByASecondCtrlC) {
  const Sandbox box;
  const Outcome o = box.run(on_gpu(), after(box, "4x4 stable from",
                                            "sleep 0.5; kill -INT $child; sleep 0.7\n"
                                            "kill -0 $child && kill -INT $child") +
                                          planted("adam:hang"));
  EXPECT_EQ(o.code, 130) << o.err;
  const Outcome again = box.run("train --resume --device cuda --kimg 0.016");
  EXPECT_EQ(again.code, 0) << again.err;
}

TEST(FailedGpu, WithoutMemoryIsNamedWithStageAndCheckpointAndNotRepeated) {
  const Sandbox box;
  const Outcome o = box.run(on_gpu(), planted("adam:memory:3"));
  EXPECT_EQ(o.code, 1);
  const std::string sentence = last_line(o.err);
  expect_parts(sentence, {"progan_cuda: stage ", " with minibatch 8 needs more than the ",
                          "out of GPU memory (0 of ", "the last checkpoint is " + kRun,
                          "resume with minibatches in smaller parts"});
  EXPECT_EQ(o.err.find("repeating"), std::string::npos) << o.err;
  expect_parts(box.read(kRun + "/log.txt"),
               {"error: " + sentence.substr(std::string("progan_cuda: ").size())});
}

TEST(FailedGpu, EndsOtherCommandsWithOneSentenceAndNoHalfWrittenFile) {
  const Sandbox box;
  ASSERT_EQ(box.run(on_gpu()).code, 0);
  const std::string commands[] = {
      "generate --from 0 --seeds 0-3 --grid 2x2 --device cuda --out new/grid.png",
      "generate --from 0 --seeds 0-3 --device cuda --out new/images.npy --latents new/z.npy",
      "generate --from 0 --seeds 0-3 --device cuda --out new/folder",
      "interpolate --from 0 --seconds 0.1 --device cuda --out new/frames",
      "gradcheck --op PixelNorm --device cuda",
  };
  for (const std::string& command : commands) {
    const Outcome o = box.run(command, planted("pixel_norm_kernel:illegal"));
    EXPECT_EQ(o.code, 1) << command << "\n" << o.err;
    EXPECT_EQ(last_line(o.err), o.err) << command;
    expect_parts(o.err, {"progan_cuda: a kernel used memory outside of its buffers",
                         "to check this GPU: progan_cuda selftest"});
    EXPECT_FALSE(fs::exists(box / "new")) << command;
  }
}

}  // namespace
}  // namespace pg::test
