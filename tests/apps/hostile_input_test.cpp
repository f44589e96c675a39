// hostile_input_test.cpp: inputs made to hang or crash the program end with one sentence.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

std::string repeated(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

class HostileInput : public ::testing::Test {
 protected:
  // Exit code 1 or 2 within the time, and one line on standard error that contains `words`.
  void expect_error(const std::string& arguments, const std::string& words) {
    const Outcome o = box_.run(arguments, "timeout 60");
    const std::string shown = arguments.substr(0, 60) + ": " + o.err.substr(0, 500);
    EXPECT_TRUE(o.code == 1 || o.code == 2) << o.code << " " << shown;
    EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << shown;
    EXPECT_NE(o.err.find(words), std::string::npos) << shown;
  }

  Sandbox box_;
};

TEST_F(HostileInput, FifosAndDevicesAreNeverWaitedFor) {
  ASSERT_EQ(mkfifo((box_ / "fifo").c_str(), 0600), 0);
  fs::create_directory(box_ / "pictures");
  fs::create_symlink("/dev/zero", box_ / "pictures/dataset.json");
  for (const std::string name : {"fifo", "/dev/zero"}) {
    const std::string why = "not a regular file but a";
    expect_error("dataset check " + name, why);
    expect_error("dataset build " + name + " --out set --resolution 8", why);
    expect_error("train --resolution 8 --data " + name, why);
    expect_error("train --config " + name, why);
    expect_error("config --config " + name, why);
    expect_error("generate --from " + name, "expected a run folder, a checkpoint file");
    expect_error("export --from " + name + " --out x.onnx --format onnx",
                 "expected a run folder, a checkpoint file");
    expect_error("import " + name + " --out x.safetensors", why);
    expect_error("info " + name, "expected a run folder, a checkpoint file");
    expect_error("train --resume " + name, "expected a run folder, a checkpoint file");
  }
  expect_error("dataset check pictures", "dataset.json (a device)");
}

TEST_F(HostileInput, DeepConfigurationsAreRejected) {
  const std::string parts = "model." + repeated("a.", 200000) + "a = 1\n";
  box_.write("parts.toml", parts);
  expect_error("config --config parts.toml", "parts.toml:1: not a configuration: a key of more");
  box_.write("header.toml", "\n[" + parts.substr(0, parts.size() - 5) + "]\n");
  expect_error("config --config header.toml", "header.toml:2: not a configuration: a key of more");
  box_.write("table.toml",
             "[model]\nx = " + repeated("{a.a.a.a.a.a=", 200) + "1" + repeated("}", 200));
  expect_error("config --config table.toml", "table.toml:2: not a configuration: brackets nested");
  box_.write("array.toml", "x = " + repeated("[", 1000000));
  expect_error("config --config array.toml", "brackets nested more than 8 deep");
  box_.write("large.toml", "# " + repeated("words ", 1000000));
  expect_error("config --config large.toml", "expected at most 1048576");
}

TEST_F(HostileInput, DeepValuesOfSetAreRejected) {
  const std::string parts = repeated("a.", 50000) + "a";
  const std::string why = "schedule.minibatch: expected a table";
  expect_error("config --set " + parts + "=1", "unknown key");
  expect_error("config --set 'schedule.minibatch={" + parts + "=1}'", why);
  expect_error("config --set 'schedule.minibatch=" + repeated("[", 100000) + "'", why);
}

}  // namespace
}  // namespace pg::test
