// class_names_test.cpp: classes are chosen, shown, exported and resumed by name.
#include <gtest/gtest.h>

#include <algorithm>

#include "data/formats/safetensors.h"
#include "data/images/png.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

void write_class(const Sandbox& box, const std::string& name) {
  fs::create_directories(box / ("pics/" + name));
  for (size_t k = 0; k < 3; ++k) {
    Image image{8, 8, 3, std::vector<uint8_t>(192)};
    for (size_t i = 0; i < 192; ++i) {
      image.pixels[i] = static_cast<uint8_t>(i * i + i * k * 31 + name.size() * 7 +
                                             static_cast<size_t>(name.back()) * 11);
    }
    write_png(box / ("pics/" + name + "/" + std::to_string(k) + ".png"), image);
  }
}

// A run with a class for each folder.
class ClassNames : public testing::Test {
 protected:
  void train(const std::vector<std::string>& classes, const std::string& more = "") {
    for (const std::string& name : classes) write_class(box_, name);
    std::string command = tiny("--set model.conditioning=acgan " + more);
    const std::string from = "builtin:shapes:64";
    const Outcome o = box_.run(command.replace(command.find(from), from.size(), "pics"));
    ASSERT_EQ(o.code, 0) << o.err;
  }

  std::string image_of(const std::string& name) {
    const Outcome o =
        box_.run("generate --from 0 --seeds 5 --force --out a.png --class '" + name + "'");
    EXPECT_EQ(o.code, 0) << o.err;
    return box_.read("a.png");
  }

  void expect_rejected(const std::string& command, const std::string& words) {
    const Outcome o = box_.run(command);
    EXPECT_EQ(o.code, 2) << o.err;
    EXPECT_HAS(o.err, words);
    const size_t error = o.err.find("progan_cuda: ");  // after notes about the images
    ASSERT_NE(error, std::string::npos) << o.err;
    EXPECT_EQ(o.err.find('\n', error), o.err.size() - 1) << o.err;
  }

  Sandbox box_;
};

TEST_F(ClassNames, ChooseAClass) {
  train({"cats", "dogs", "1"});
  EXPECT_NE(image_of("cats"), image_of("dogs"));
  EXPECT_EQ(image_of("2"), image_of("dogs"));
  EXPECT_EQ(image_of("1"), image_of("0")) << "a name wins over a number";
  const Outcome frames =
      box_.run("interpolate --from 0 --class dogs --seconds 0.05 --fps 20 --out frames");
  EXPECT_EQ(frames.code, 0) << frames.err;
}

TEST_F(ClassNames, AWrongOneListsThem) {
  train({"cats", "dogs"});
  for (const std::string command : {"generate --from 0 --seeds 1", "interpolate --from 0"}) {
    expect_rejected(command + " --class cat",
                    "--class: unknown class 'cat': did you mean 'cats'? expected a name or number "
                    "of 0 cats, 1 dogs\n");
    expect_rejected(command + " --class 2", "unknown class '2': expected a name or number of 0 c");
    expect_rejected(command + " --class -1", "unknown class '-1'");
    expect_rejected(command + " --class 1e0", "unknown class '1e0'");
    expect_rejected(command + " --class " + std::string(309, '9'), "unknown class '99999");
  }
  ASSERT_EQ(box_.run(tiny("--out plain")).code, 0);
  expect_rejected("generate --from plain/00000-builtin-shapes-64-official-tf-8 --class cats",
                  "--class cats: this model was trained without classes");
}

TEST_F(ClassNames, AreInInfoAndExports) {
  train({"cats", "a \"b\"", "10", "9"});
  EXPECT_HAS(
      box_.run("info 0").out,
      "classes     4\n          0 9\n          1 10\n          2 a \"b\"\n          3 cats\n");
  const std::string names = R"(["9","10","a \"b\"","cats"])";
  ASSERT_EQ(box_.run("export --from 0 --format safetensors --out a.safetensors").code, 0);
  EXPECT_EQ(Safetensors(box_ / "a.safetensors").metadata_at("classes"), names);
  ASSERT_EQ(box_.run("export --from 0 --format onnx --out a.onnx").code, 0);
  EXPECT_HAS(box_.read("a.onnx"), names);
}

TEST_F(ClassNames, NumbersAreInTheOrderOfNumbers) {
  std::vector<std::string> classes;
  for (int i = 0; i < 12; ++i) classes.push_back(std::to_string(i));
  train(classes);
  EXPECT_HAS(box_.run("info 0").out, "         10 10\n         11 11\n");
}

// A copy of the newest checkpoint of run 0 with another record of its classes.
void record_classes(const Sandbox& box, const fs::path& to, const std::string& classes) {
  const Safetensors file(box / "runs/00000-pics-official-tf-8/checkpoint-000000.128.safetensors");
  Metadata metadata = file.metadata();
  for (const char* checksum : {"crc32", "header_crc32"}) metadata.erase(checksum);
  std::string& config = metadata["config"];
  const size_t start = config.find("\nclasses = ") + 11;
  config.replace(start, config.find('\n', start) - start, "\"" + classes + "\"");
  std::vector<std::vector<std::byte>> data;
  std::vector<NamedBuffer> buffers;
  for (const StoredTensor& t : file.tensors()) {
    data.push_back(file.read(t));
    buffers.push_back({t.name, t.dtype, t.shape, data.back().data()});
  }
  write_safetensors(to, buffers, metadata);
}

TEST_F(ClassNames, AResumedRunKeepsItsNumbers) {
  train({"1", "2", "10"});
  record_classes(box_, box_ / "old.safetensors", "1/10/2");  // as older programs sorted them
  const Outcome o = box_.run("train --resume old.safetensors --kimg 0.136 --out new");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_HAS(box_.run("info new/00000-pics-official-tf-8").out,
             "          0 1\n          1 10\n          2 2\n");
  record_classes(box_, box_ / "older.safetensors", "");  // before names were recorded
  expect_rejected("train --resume older.safetensors --kimg 0.136 --out newer",
                  "with --set data.classes=: usually 1/10/2 if folders are classes, else 1/2/10\n");
  EXPECT_FALSE(fs::exists(box_ / "newer"));
  EXPECT_EQ(box_.run("train --resume older.safetensors --kimg 0.136 --out newer "
                     "--set data.classes=1/10/2")
                .code,
            0);
}

TEST_F(ClassNames, OtherClassesAreRejectedWithNames) {
  train({"cats", "dogs"});
  const std::string resume = "train --resume --kimg 0.136";
  write_class(box_, "emus");
  expect_rejected(resume, "trained on the classes cats/dogs, but pics has cats/dogs/emus: ");
  expect_rejected(resume + " --set data.classes=",
                  "expected at least 3, the classes of pics, got 2");
  fs::remove_all(box_ / "pics/emus");
  fs::remove_all(box_ / "pics/dogs");
  expect_rejected(resume, "trained on the classes cats/dogs, but pics has no classes: ");
  fs::rename(box_ / "pics/cats", box_ / "cats");
  fs::remove_all(box_ / "pics");
  fs::rename(box_ / "cats", box_ / "pics");
  expect_rejected(resume, "trained on the classes cats/dogs, but pics has no classes: ");
}

}  // namespace
}  // namespace pg::test
