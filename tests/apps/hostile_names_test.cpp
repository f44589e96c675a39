// hostile_names_test.cpp: names and texts from outside reach neither terminal nor log unescaped.
#include <gtest/gtest.h>

#include <algorithm>

#include "data/files/utf8.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

// Clears the screen, forges a line, reverses the rest of it.
const std::string kForged = "forged line";
const std::string kText = "a\x1b[2J\r\n" + kForged + "\t\u009b\u202e\u2028\x7f";
// The same with bytes that are not UTF-8, as a file may be named.
const std::string kName = kText + "\xff\xc3(\xed\xa0\x80";

void expect_displayable(const std::string& what, const std::string& text) {
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Character c = first_character(rest);
    ASSERT_TRUE(c.valid && (c.code == '\n' || is_displayable(c.code)))
        << what << ": byte " << text.size() - rest.size() << " of:\n"
        << text;
    rest.remove_prefix(c.bytes);
  }
  EXPECT_EQ(text.find("\n" + kForged), std::string::npos) << what << ":\n" << text;
}

std::string quoted(const std::string& text) { return " '" + text + "' "; }

class HostileNames : public ::testing::Test {
 protected:
  // Runs a command, looks at all that it printed, and returns its exit code.
  int run(const std::string& arguments) {
    const Outcome o = box_.run(arguments);
    expect_displayable(arguments + ": standard output", o.out);
    expect_displayable(arguments + ": standard error", o.err);
    said_ = o.out + o.err;
    return o.code;
  }

  bool said(const std::string& text) const { return said_.find(text) != std::string::npos; }

  // A folder of two classes, and a broken image.
  void write_images(const std::string& folder, const std::string& name) {
    ASSERT_EQ(box_.run(tiny("--out first")).code, 0);
    const fs::path run = fs::directory_iterator(box_ / "first")->path();
    for (const std::string& kind : {std::string("plain"), name}) {
      fs::create_directories(box_ / (folder + "/" + kind));
      for (const std::string& image : {std::string("1.png"), name + ".png"}) {
        fs::copy_file(run / "reals.png", box_ / (folder + "/" + kind + "/" + image));
      }
    }
    box_.write(folder + "/" + name + "/broken" + name + ".png", "not an image");
  }

  Sandbox box_;
  std::string said_;
};

TEST_F(HostileNames, AreEscapedByCommandsOnDataSets) {
  write_images(kName, kName);
  const std::string pics = quoted(kName);
  EXPECT_EQ(run("dataset build" + pics + "--resolution 4 --out" + quoted("set" + kName)), 0)
      << said_;
  EXPECT_TRUE(said("broken")) << said_;
  EXPECT_EQ(run("dataset info" + quoted("set" + kName)), 0) << said_;
  EXPECT_TRUE(said("a\\x1b[2J\\r\\nforged line")) << said_;
  expect_displayable("dataset.json", box_.read("set" + kName + "/dataset.json"));
  EXPECT_EQ(run("dataset check" + pics), 0) << said_;
  EXPECT_EQ(run("dataset check" + pics + "--json"), 0) << said_;
  EXPECT_EQ(run("dataset check" + pics + "--pairs" + quoted("pairs" + kName + ".png")), 0) << said_;
  EXPECT_EQ(run("dataset build" + pics + "--strict --resolution 4 --out other"), 1);
  EXPECT_EQ(run("dataset build" + pics + "--resolution 4 --out" + quoted("set" + kName)), 2);
  EXPECT_EQ(run("plan --resolution 8 --data" + pics), 2) << said_;  // not UTF-8
}

TEST_F(HostileNames, AreEscapedByCommandsOnRuns) {
  write_images(kText, kText);
  const std::string where = " --data" + quoted(kText) + "--out" + quoted("runs" + kText) + "--set" +
                            quoted("train.name=" + kText);
  EXPECT_EQ(run("plan --resolution 8" + where), 0) << said_;
  EXPECT_EQ(run(tiny(where)), 0) << said_;
  const fs::path run_path = fs::directory_iterator(box_ / ("runs" + kText))->path();
  const std::string name = "runs" + kText + "/" + run_path.filename().string();
  expect_displayable("log.txt", box_.read(name + "/log.txt"));
  expect_displayable("config.toml", box_.read(name + "/config.toml"));
  expect_displayable("stats.jsonl", box_.read(name + "/stats.jsonl"));
  const std::string from = " --from" + quoted(name);
  EXPECT_EQ(run("info" + quoted(name)), 0) << said_;
  EXPECT_EQ(run("generate --seeds 0 --out" + quoted("new" + kName) + from), 0) << said_;
  EXPECT_EQ(run("generate --seeds 0 --out" + quoted(kName + ".png") + from), 0) << said_;
  EXPECT_EQ(run("generate --seeds 0 --out" + quoted(kName + ".npy") + from), 0) << said_;
  EXPECT_EQ(run("interpolate --seconds 0.1 --fps 10 --out" + quoted("f" + kName) + from), 0);
  EXPECT_EQ(run("export --format onnx --out" + quoted(kName + ".onnx") + from), 0) << said_;
  EXPECT_EQ(run("export --format safetensors --out" + quoted(kName + ".st") + from), 0) << said_;
  EXPECT_EQ(run("config --set" + quoted("train.name=" + kText)), 0) << said_;
  EXPECT_EQ(run("train --resume" + quoted(name) + "--set" + quoted("data.path=" + kText + "/") +
                "--kimg 0.2"),
            0)
      << said_;
  expect_displayable("log.txt", box_.read(name + "/log.txt"));
}

TEST_F(HostileNames, AreEscapedInErrors) {
  const std::string name = quoted(kName);
  for (const char* command : {"",
                              "train --data",
                              "train --resume",
                              "train --device",
                              "train --config",
                              "train --set",
                              "train --preset",
                              "train --",
                              "plan --data",
                              "generate --from",
                              "generate --seeds",
                              "interpolate --grid 2x2 --from",
                              "export --out a --format onnx --from",
                              "export --from a --out a --format",
                              "export --from a --out a --format pth --network",
                              "import --out a",
                              "dataset build --out a",
                              "dataset info",
                              "dataset check",
                              "info",
                              "gradcheck --op",
                              "gradcheck --model",
                              "config --set",
                              "config --config",
                              "config"}) {
    EXPECT_GT(run(command + name), 0) << command;
    EXPECT_TRUE(said("progan_cuda: ")) << command << ": " << said_;
    EXPECT_EQ(std::count(said_.begin(), said_.end(), '\n'), 1) << command << ": " << said_;
  }
}

TEST_F(HostileNames, AreEscapedInContentsOfFiles) {
  box_.write("c.toml",
             "[model]\n\""
             "\\u001b[2J\\u202e\" = 1\n");
  EXPECT_EQ(run("config --config c.toml"), 2) << said_;
  box_.write("d.toml", "[model]\n" + kName + "\n");
  EXPECT_EQ(run("config --config d.toml"), 1) << said_;
  box_.write("set/dataset.json", "{\"format\": \"progan_cuda dataset\", \"version\": \"" + kName);
  EXPECT_EQ(run("dataset info set"), 1) << said_;
  box_.write("w.pth", kName);
  EXPECT_EQ(run("import w.pth --out a.safetensors"), 1) << said_;
}

TEST_F(HostileNames, LatinOneFoldersAreToBeRenamed) {
  fs::create_directories(box_ / "M\xf6we");
  EXPECT_EQ(run(tiny("--data 'M\xf6we'")), 2);
  EXPECT_TRUE(said("data.path: expected text in UTF-8, got \"M\\xf6we\"; rename ")) << said_;
}

}  // namespace
}  // namespace pg::test
