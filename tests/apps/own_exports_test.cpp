// own_exports_test.cpp: exported networks come back in every command that reads networks.
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

// One run with classes for all tests, stopped while 8x8 was fading in.
class OwnExports : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    box_ = new Sandbox;
    std::string command = tiny("--set model.conditioning=acgan");
    command.replace(command.find("--kimg 0.128"), 12, "--kimg 0.048");
    ASSERT_EQ(box_->run(command).code, 0);
    ok("export --from 0 --format safetensors --out gs.safetensors");
    ok("export --from 0 --format safetensors --network D --out d.safetensors");
    ok("export --from 0 --format pth --out gs.pth --module model.py");
    ok("generate --from 0 --seeds 0-3 --out run.npy");
  }
  static void TearDownTestSuite() { delete box_; }

  static Sandbox& box() { return *box_; }

  static Outcome ok(const std::string& command) {
    const Outcome o = box_->run(command);
    EXPECT_EQ(o.code, 0) << command << ": " << o.err;
    return o;
  }

  static std::string images_of(const std::string& from) {
    ok("generate --from " + from + " --seeds 0-3 --out again.npy");
    const std::string images = box_->read("again.npy");
    fs::remove(*box_ / "again.npy");
    return images;
  }

  static inline Sandbox* box_ = nullptr;
};

TEST_F(OwnExports, GenerateTheImagesOfTheRun) {
  EXPECT_FALSE(box().read("run.npy").empty());
  EXPECT_EQ(images_of("gs.safetensors"), box().read("run.npy"));
  ok("interpolate --from gs.safetensors --seconds 0.1 --fps 20 --out frames");
  ok("interpolate --from 0 --seconds 0.1 --fps 20 --out frames-of-run");
  EXPECT_EQ(box().read("frames/frame000001.png"), box().read("frames-of-run/frame000001.png"));
  const Outcome info = ok("info gs.safetensors"), of_run = ok("info 0");
  EXPECT_HAS(info.out, "trained     8x8 fading (weight 0.25)");
  EXPECT_EQ(info.out.substr(info.out.find("generator")).substr(0, 20),
            of_run.out.substr(of_run.out.find("generator")).substr(0, 20));
}

TEST_F(OwnExports, AreImportedAsTheyWere) {
  for (const char* files : {"gs.safetensors", "gs.pth", "gs.safetensors d.safetensors"}) {
    const Outcome o = ok(std::string("import --force --out back.safetensors ") + files);
    EXPECT_HAS(o.out, "of progan_cuda, 8x8, 3 channels");
    EXPECT_HAS(o.out, "these networks were trained up to 8x8 fading (weight 0.25)");
    EXPECT_EQ(images_of("back.safetensors"), box().read("run.npy")) << files;
  }
}

TEST_F(OwnExports, AreExportedAgain) {
  for (const char* format : {"pth", "onnx", "safetensors"}) {
    ok(std::string("export --from gs.safetensors --force --out again --format ") + format);
    const std::string again = box().read("again");
    ok(std::string("export --from 0 --force --out again --network Gs --format ") + format);
    EXPECT_EQ(again, box().read("again")) << format;
  }
}

TEST_F(OwnExports, ADiscriminatorAloneIsOneSentence) {
  const Outcome o = box().run("generate --from d.safetensors --out images");
  EXPECT_EQ(o.code, 2);
  EXPECT_HAS(o.err, "'d.safetensors' holds only the network D, but Gs is needed");
  const Outcome i = box().run("import d.safetensors --out back.safetensors --force");
  EXPECT_EQ(i.code, 2);
  EXPECT_HAS(i.err, "only a discriminator; give the file of the generator too");
}

TEST_F(OwnExports, ModuleIsOnlyForOwnGenerators) {
  for (const char* options : {"--format onnx", "--format pth --layout akanimax",
                              "--format pth --network D", "--format safetensors"}) {
    const Outcome o =
        box().run("export --from 0 --out new.pth --module new.py " + std::string(options));
    EXPECT_EQ(o.code, 2) << options;
    EXPECT_HAS(o.err, "--module is only for generators with --format pth");
    EXPECT_FALSE(fs::exists(box() / "new.py"));
  }
  box().write("mine.py", "print('hello')\n");
  EXPECT_EQ(box().run("export --from 0 --format pth --out new.pth --module mine.py").code, 2);
  EXPECT_EQ(box().read("mine.py"), "print('hello')\n");
  ok("export --from 0 --format pth --out gs.pth --module model.py");  // replaces its own
}

TEST_F(OwnExports, WeightsOfOthersAreToBeImportedFirst) {
  const auto expect = [](const std::string& name, const std::string& start,
                         const std::string& part) {
    box().write(name, start + std::string(2000, 'x'));
    for (const char* command :
         {"generate --out images --from ", "info ", "train --resume ",
          "interpolate --out frames --from ", "export --format onnx --out new.onnx --from "}) {
      const Outcome o = box().run(command + name);
      EXPECT_EQ(o.code, 2) << command << name << o.err;
      EXPECT_HAS(o.err, "'" + name + "' is " + part);
    }
  };
  using namespace std::string_literals;
  expect("new.pth", "PK\3\4" + std::string(26, '\0') + "archive/data.pkl",
         "a PyTorch file, not a checkpoint; import it first: progan_cuda import new.pth --out "
         "new.safetensors");
  expect("old.pth", "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46"s, "a PyTorch file, not a checkpoint; ");
  expect("karras.pkl", "\x80\x02}q\x01", "a pickle, not a checkpoint; import it first: ");
  expect("model.onnx", "\x08\x07\x12\x07", "an ONNX model, not a checkpoint; give a run folder");
  expect("photos.zip", "PK\3\4" + std::string(26, '\0') + "a.png", "a zip archive, not a ");
  EXPECT_HAS(box().run("generate --from gs.pth --out images").err, "import it first: ");
  ok("export --from 0 --format safetensors --layout official-tf --out tf.safetensors");
  EXPECT_HAS(box().run("generate --from tf.safetensors --out images").err,
             "import it first: progan_cuda import tf.safetensors --out imported.safetensors");
  EXPECT_FALSE(fs::exists(box() / "images"));
}

}  // namespace
}  // namespace pg::test
