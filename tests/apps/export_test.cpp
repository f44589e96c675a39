// export_test.cpp: the command export, and numbers from generate, from a user's side.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "data/formats/safetensors.h"
#include "data/images/image.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

std::string error(const std::string& text) { return "progan_cuda: " + text + "\n"; }

class ExportCommand : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(box_.run(tiny()).code, 0); }

  Outcome run(const std::string& options) const { return box_.run("export --from 0 " + options); }

  void expect_usage(const std::string& options, const std::string& text) const {
    const Outcome o = run("--out refused " + options);
    EXPECT_EQ(o.code, 2) << options;
    EXPECT_EQ(o.err, error(text));
    EXPECT_FALSE(fs::exists(box_ / "refused"));
  }

  Sandbox box_;
};

TEST_F(ExportCommand, WritesTheTensorsOfTheCheckpoint) {
  const Outcome o = run("--format safetensors --out new/g.safetensors");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out, "new/g.safetensors: 12 tensors of Gs\n");
  const Safetensors file(box_ / "new/g.safetensors");
  const fs::path run = *fs::directory_iterator(box_ / "runs");
  const Safetensors checkpoint(run / "checkpoint-000000.safetensors");
  for (const StoredTensor& t : file.tensors()) {
    const StoredTensor& trained = checkpoint.at("Gs/" + t.name);
    ASSERT_EQ(t.bytes, trained.bytes);
    EXPECT_EQ(std::memcmp(t.data, trained.data, static_cast<size_t>(t.bytes)), 0) << t.name;
  }
  ASSERT_EQ(this->run("--format safetensors --network D --out d.safetensors").code, 0);
  EXPECT_NE(Safetensors(box_ / "d.safetensors").find("8x8/Conv1_down/weight"), nullptr);
}

TEST_F(ExportCommand, WhatIsImportedAgainMakesTheSamePictures) {
  ASSERT_EQ(run("--format safetensors --layout official-tf --out g.safetensors").code, 0);
  const Outcome o = box_.run("import g.safetensors --out again.safetensors");
  ASSERT_EQ(o.code, 0) << o.err;
  ASSERT_EQ(box_.run("generate --from 0 --seeds 0-3 --out a.npy").code, 0);
  ASSERT_EQ(box_.run("generate --from again.safetensors --seeds 0-3 --out b.npy").code, 0);
  EXPECT_FALSE(box_.read("a.npy").empty());
  EXPECT_EQ(box_.read("a.npy"), box_.read("b.npy"));
}

TEST_F(ExportCommand, OneSentenceSaysWhatIsWrong) {
  expect_usage("--format png",
               "pictures are made by progan_cuda generate, not by export: take that command's "
               "--seeds and --out FOLDER");
  expect_usage("--format h5", "there is no format 'h5': choose one of safetensors, pth, onnx");
  expect_usage("--format onnx --resolution 16",
               "--resolution 16 must be a power of two from 4 to 8, the size that this generator "
               "was made for");
  expect_usage("--format onnx --network D", "D is a discriminator: onnx supports generators only");
  expect_usage("--format onnx --layout gan-zoo",
               "--layout is for --format safetensors and pth; an onnx model is the same in all");
  expect_usage("--format safetensors --resolution 4",
               "--resolution is for --format onnx; the other formats hold every resolution");
  expect_usage("--format safetensors --layout gan-zo",
               "unknown layout 'gan-zo': expected official-tf, gan-zoo, akanimax, tutorial or "
               "exercise");
  expect_usage("--format pth",
               "the akanimax layout needs model.first_pixelnorm = false, got true: export as "
               "safetensors without --layout, or as onnx");
  expect_usage("--format pth --layout gan-zoo",
               "--format pth writes the layouts akanimax and tutorial, not gan-zoo: take --format "
               "safetensors for that");
}

TEST_F(ExportCommand, AFileThatCannotBeWrittenIsAnErrorOfOneSentence) {
  box_.write("file", "in the way");
  const Outcome o = run("--format onnx --out file/model.onnx");
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.err, error("cannot write file/model.onnx: Not a directory; check the path"));
}

// The numbers of an .npy are those that pictures are rounded from.
TEST_F(ExportCommand, GenerateWritesNumbersAndLatents) {
  const Outcome o = box_.run("generate --from 0 --seeds 5,7 --out x.npy --latents z.npy --batch 1");
  ASSERT_EQ(o.code, 0) << o.err;
  ASSERT_EQ(box_.run("generate --from 0 --seeds 7 --out pictures").code, 0);
  const std::string x = box_.read("x.npy"), z = box_.read("z.npy");
  EXPECT_NE(x.find("'<f4', 'fortran_order': False, 'shape': (2,8,8,3,)"), std::string::npos);
  EXPECT_NE(z.find("'shape': (2,8,)"), std::string::npos);
  ASSERT_EQ(x.size(), 128 + 2 * 8 * 8 * 3 * sizeof(float));
  std::vector<float> values(8 * 8 * 3);
  const size_t bytes = values.size() * sizeof(float);
  std::memcpy(values.data(), x.data() + x.size() - bytes, bytes);
  const Image picture = decode_file(box_ / "pictures/seed000007.png");
  for (size_t i = 0; i < values.size(); ++i) {
    const double byte = std::clamp(std::nearbyint(127.5 * values[i] + 127.5), 0.0, 255.0);
    ASSERT_EQ(byte, picture.pixels[i]);
  }
  const Outcome grid = box_.run("generate --from 0 --seeds 0-3 --grid 2x2 --out x.npy");
  EXPECT_EQ(grid.code, 2);
  EXPECT_EQ(grid.err,
            error("--grid makes a picture, but 'x.npy' is to hold numbers: leave --grid away"));
}

}  // namespace
}  // namespace pg::test
