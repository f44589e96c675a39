// export_test.cpp: the command export, and arrays from generate.
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
  const Safetensors checkpoint(run / "checkpoint-000000.128.safetensors");
  for (const StoredTensor& t : file.tensors()) {
    const StoredTensor& trained = checkpoint.at("Gs/" + t.name);
    EXPECT_EQ(file.read(t), checkpoint.read(trained)) << t.name;
  }
  ASSERT_EQ(this->run("--format safetensors --network D --out d.safetensors").code, 0);
  EXPECT_NE(Safetensors(box_ / "d.safetensors").find("8x8/Conv1_down/weight"), nullptr);
}

TEST_F(ExportCommand, ReimportedNetworkGeneratesTheSameImages) {
  ASSERT_EQ(run("--format safetensors --layout official-tf --out g.safetensors").code, 0);
  const Outcome o = box_.run("import g.safetensors --out again.safetensors");
  ASSERT_EQ(o.code, 0) << o.err;
  ASSERT_EQ(box_.run("generate --from 0 --seeds 0-3 --out a.npy").code, 0);
  ASSERT_EQ(box_.run("generate --from again.safetensors --seeds 0-3 --out b.npy").code, 0);
  EXPECT_FALSE(box_.read("a.npy").empty());
  EXPECT_EQ(box_.read("a.npy"), box_.read("b.npy"));
}

TEST_F(ExportCommand, WrongUsageIsOneSentence) {
  expect_usage("--format png",
               "export writes networks, not images; use progan_cuda generate --out FOLDER");
  expect_usage("--format h5", "unknown format 'h5': expected safetensors, pth or onnx");
  expect_usage(
      "--format onnx --resolution 16",
      "--resolution: expected a power of two from 4 to 8, the resolution that was trained, "
      "got 16");
  expect_usage("--format onnx --network D", "D is a discriminator: onnx supports generators only");
  expect_usage("--format onnx --layout gan-zoo",
               "--layout is only for --format safetensors and pth");
  expect_usage(
      "--format safetensors --resolution 4",
      "--resolution is only for --format onnx; the other formats contain every resolution");
  expect_usage("--format safetensors --layout gan-zo",
               "unknown layout 'gan-zo': expected official-tf, gan-zoo, akanimax, tutorial or "
               "exercise");
  expect_usage("--format pth --layout akanimax",
               "the akanimax layout needs model.first_pixelnorm = false, got true; export as "
               "safetensors without --layout, or as onnx");
  expect_usage("--format pth --layout gan-zoo",
               "--format pth supports only the layouts akanimax, tutorial and progan_cuda, got "
               "gan-zoo; use --format safetensors");
}

TEST_F(ExportCommand, AnUnwritableFileIsOneSentence) {
  box_.write("file", "in the way");
  const Outcome o = run("--format onnx --out file/model.onnx");
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.err, error("cannot write file/model.onnx: Not a directory; check the path"));
}

// Images are the rounded numbers of the .npy file.
TEST_F(ExportCommand, GenerateWritesArraysAndLatents) {
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
  EXPECT_EQ(
      grid.err,
      error("--grid needs an image file, but x.npy is an array; drop --grid or write a .png"));
}

}  // namespace
}  // namespace pg::test
