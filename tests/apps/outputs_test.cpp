// outputs_test.cpp: the files and folders that commands write, and what they never replace.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

#include "data/formats/own_file.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

// One short run for all tests.
class Outputs : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    box_ = new Sandbox;
    ASSERT_EQ(box_->run(tiny()).code, 0);
    ASSERT_EQ(box_->run("train --data builtin:shapes:16 --preset akanimax --resolution 8 --out pth "
                        "--set model.fmap_base=32 --set model.fmap_max=32 "
                        "--set schedule.minibatch={} --set schedule.minibatch_base=8 "
                        "--set schedule.stage_length=2 --set schedule.fade_length=1 "
                        "--set schedule.stage_lengths={} --set train.image_grid=2x2")
                  .code,
              0);
    pth_run_ = fs::directory_iterator(*box_ / "pth")->path();
    run_ = fs::directory_iterator(*box_ / "runs")->path();
    ASSERT_EQ(
        box_->run("export --from 0 --format safetensors --layout official-tf --out ex.safetensors")
            .code,
        0);
    ASSERT_EQ(box_->run("generate --from 0 --seeds 0-3 --out pics").code, 0);
    fs::copy(*box_ / "pics/seed000000.png", *box_ / "pics/copy.png");
  }
  static void TearDownTestSuite() { delete box_; }

  void SetUp() override { fs::remove_all(*box_ / "out"); }

  static Sandbox& box() { return *box_; }

  static void expect_refusal(const Outcome& o, const std::string& part) {
    EXPECT_TRUE(o.code == 1 || o.code == 2) << o.code << o.err;
    EXPECT_NE(o.err.find(part), std::string::npos) << o.err;
    EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << o.err;
  }

  static mode_t mode(const std::string& name) {
    struct stat status = {};
    return ::lstat((box() / name).c_str(), &status) == 0 ? status.st_mode : 0;
  }

  // Every command that writes a file, up to the file's name.
  static std::map<std::string, std::string> commands() {
    const std::string from = " --from 0 ";
    return {{"a.png", "generate --seeds 0-3" + from + "--out "},
            {"b.npy", "generate --seeds 0-3" + from + "--out "},
            {"c.npy", "generate --seeds 0-3 --out out/images" + from + "--latents "},
            {"d.safetensors", "export --format safetensors" + from + "--out "},
            {"e.pth", "export --format pth --from " + pth_run_.string() + " --out "},
            {"f.onnx", "export --format onnx" + from + "--out "},
            {"g.safetensors", "import ex.safetensors --out "},
            {"j.jpg", "generate --seeds 0-3" + from + "--out "},
            {"k.webp", "generate --seeds 0-3" + from + "--out "},
            {"l.zip", "generate --seeds 0-3" + from + "--out "},
            {"m.zip", "generate --seeds 0-3 --format webp" + from + "--out "},
            {"h.png", "dataset check pics --sheet "},
            {"i.png", "dataset check pics --pairs "},
            {"j.webm", "interpolate --seconds 0.1 --fps 10" + from + "--out "},
            {"k.webp", "interpolate --seconds 0.1 --fps 10" + from + "--out "}};
  }

  static inline Sandbox* box_ = nullptr;
  static inline fs::path run_, pth_run_;
};

TEST_F(Outputs, ForeignFilesNeedForce) {
  for (const auto& [name, command] : commands()) {
    SCOPED_TRACE(command);
    const std::string out = "out/" + name;
    box().write(out, "three years of work");
    expect_refusal(box().run(command + out), "--force");
    EXPECT_EQ(box().read(out), "three years of work");
    fs::permissions(box() / out, fs::perms(0640));
    const Outcome o = box().run(command + out + " --force");
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_NE(box().read(out), "three years of work");
    EXPECT_EQ(mode(out) & 0777, 0640u);
  }
}

TEST_F(Outputs, OwnFilesAreReplaced) {
  for (const auto& [name, command] : commands()) {
    SCOPED_TRACE(command);
    const std::string out = "out/" + name;
    fs::create_directories(box() / "out");
    ASSERT_EQ(box().run(command + out).code, 0);
    const std::string first = box().read(out);
    const Outcome o = box().run(command + out);
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(box().read(out), first);
  }
}

TEST_F(Outputs, NothingButFilesIsReplaced) {
  for (const auto& [name, command] : commands()) {
    SCOPED_TRACE(command);
    const std::string out = "out/" + name;
    fs::create_directories(box() / out);
    const bool accepts_folders = command.starts_with("generate") && command.ends_with("--out ");
    if (!accepts_folders) {
      expect_refusal(box().run(command + out + " --force"), "got a folder");
    }
    EXPECT_TRUE(S_ISDIR(mode(out)));
    fs::remove(box() / out);
    ::mkfifo((box() / out).c_str(), 0600);
    expect_refusal(box().run(command + out + " --force"), "got a FIFO");
    EXPECT_TRUE(S_ISFIFO(mode(out)));
    fs::remove(box() / out);
    fs::create_symlink("/dev/null", box() / out);
    expect_refusal(box().run(command + out + " --force"), "got a device");
    EXPECT_TRUE(S_ISLNK(mode(out)));
  }
}

TEST_F(Outputs, LinksKeepLeadingToTheirFile) {
  for (const auto& [name, command] : commands()) {
    SCOPED_TRACE(command);
    const std::string out = "out/" + name;
    fs::create_directories(box() / "out/disk");
    fs::create_symlink("disk/" + name, box() / out);
    ASSERT_EQ(box().run(command + out).code, 0);
    EXPECT_TRUE(S_ISLNK(mode(out)));
    EXPECT_GT(box().read("out/disk/" + name).size(), 50u);
  }
}

TEST_F(Outputs, FoldersAreCheckedFileByFile) {
  const std::map<std::string, std::string> folders = {
      {"seed000003.png", "generate --from 0 --seeds 0-3"},
      {"grid.png", "generate --from 0 --seeds 0-3 --grid 2x2"},
      {"frame000004.png", "interpolate --from 0 --seconds 0.5 --fps 10"}};
  for (const auto& [name, command] : folders) {
    SCOPED_TRACE(command);
    fs::remove_all(box() / "out");
    box().write("out/" + name, "a photograph");
    expect_refusal(box().run(command + " --out out"), "--force");
    EXPECT_EQ(std::distance(fs::directory_iterator(box() / "out"), fs::directory_iterator()), 1);
    EXPECT_EQ(box().read("out/" + name), "a photograph");
    EXPECT_EQ(box().run(command + " --out out --force").code, 0);
    EXPECT_EQ(box().run(command + " --out out").code, 0);
    box().write("file", "in the way");
    expect_refusal(box().run(command + " --out file"), "expected a folder, got a file");
  }
  expect_refusal(box().run("dataset build pics --out file"), "expected a folder, got a file");
}

TEST_F(Outputs, EndingOfAnotherKindOfFileIsRejected) {
  const std::string generate = "generate --from 0 --seeds 0-3 --out out/";
  for (const char* name : {"a.bmp", "a.tiff", "a.safetensors", "a.v2"}) {
    expect_refusal(box().run(generate + name),
                   "expected .png, .jpg, .jpeg, .webp, .npy or .zip, or a folder (end its name "
                   "with a slash)");
  }
  expect_refusal(box().run(generate + "a.jpge"), "unknown ending '.jpge': did you mean '.jpg'?");
  expect_refusal(box().run(generate + "a.MP4"), "interpolate --out NAME.webm makes videos");
  expect_refusal(box().run("generate --from 0 --seeds 0 --latents out/z.png"), "ends in .npy");
  expect_refusal(box().run("interpolate --from 0 --out out/a.avi"), "ends in .webm, .webp, .mp4");
  expect_refusal(box().run("dataset build pics --out out/a.zip"), "expected a folder");
  expect_refusal(box().run("dataset check pics --sheet out/a.jpg"), "ends in .png");
  expect_refusal(box().run("export --from 0 --format onnx --out out/a.pth"), "ends in .onnx");
  expect_refusal(box().run("import ex.safetensors --out out/a.pth"), "ends in .safetensors");
  EXPECT_FALSE(fs::exists(box() / "out"));
  EXPECT_EQ(box().run(generate + "a.PNG").code, 0);
  EXPECT_TRUE(is_own_png(box() / "out/a.PNG"));
  for (const char* folder : {"run-0.5", "a.v2/", ".hidden"}) {
    EXPECT_EQ(box().run(generate + folder).code, 0) << folder;
    EXPECT_TRUE(fs::is_directory(box() / "out" / folder)) << folder;
  }
  fs::create_directories(box() / "out/holiday.jpg");  // an existing folder is one
  EXPECT_EQ(box().run(generate + "holiday.jpg").code, 0);
}

TEST_F(Outputs, CheckpointsOfRunsAreNotReplaced) {
  const std::string checkpoint = (run_ / "checkpoint-000000.128.safetensors").string();
  const auto bytes = [&] {
    return box().read("runs/" + run_.filename().string() + "/checkpoint-000000.128.safetensors");
  };
  const std::string before = bytes();
  ASSERT_FALSE(before.empty());
  expect_refusal(box().run("export --from 0 --format safetensors --out " + checkpoint), "--force");
  expect_refusal(box().run("import ex.safetensors --out " + checkpoint), "--force");
  expect_refusal(box().run("export --from " + checkpoint + " --format safetensors --force --out " +
                           checkpoint),
                 "is the file that is read");
  expect_refusal(box().run("import ex.safetensors --force --out ex.safetensors"),
                 "is the file that is read");
  EXPECT_EQ(bytes(), before);
}

TEST_F(Outputs, FailedCommandsLeaveNoFolders) {
  for (const char* command :
       {"generate --from 0 --seeds 0 --class 3 --out out/new/a.png",
        "generate --from 0 --seeds 0 --class 3 --out out/new/folder",
        "generate --from 0 --seeds 0 --class 3 --out out/new/a.npy --latents out/other/z.npy",
        "interpolate --from 0 --class 3 --out out/new/frames",
        "export --from 0 --format onnx --network D --out out/new/a.onnx",
        "import pics/copy.png --out out/new/a.safetensors",
        "dataset check runs/nothing --sheet out/new/a.png",
        "dataset build runs --resolution 3 --out out/new/set"}) {
    const Outcome o = box().run(command);
    EXPECT_TRUE(o.code == 1 || o.code == 2) << command << o.err;
    EXPECT_FALSE(fs::exists(box() / "out")) << command;
  }
}

// Exports of two containers: in each the program is process 1. The first was killed; its folder is
// here made by hand as earlier versions did, with the same process number.
TEST_F(Outputs, ProcessOneIsNotBlockedByAnother) {
  if (std::system("unshare --pid --fork true 2>/dev/null") != 0) {
    GTEST_SKIP() << "this system does not allow PID namespaces";
  }
  box().write("out/a.safetensors.tmp-1-0", "half");
  const Outcome o = box().run("export --from 0 --format safetensors --out out/a.safetensors",
                              "unshare --pid --fork");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(std::distance(fs::directory_iterator(box() / "out"), fs::directory_iterator()), 2);
}

TEST_F(Outputs, AnImageOfTheSetThatIsCheckedIsKept) {
  fs::copy(box() / "pics", box() / "checked");
  const std::string before = box().read("checked/copy.png");
  for (const char* option : {"--sheet", "--pairs"}) {
    const Outcome o =
        box().run(std::string("dataset check checked --force ") + option + " checked/copy.png");
    EXPECT_EQ(o.code, 2) << o.err;
    EXPECT_NE(o.err.find("is the file that is read"), std::string::npos) << o.err;
    EXPECT_EQ(box().read("checked/copy.png"), before);
  }
}

TEST_F(Outputs, LinksToNothingStayAndAreNamed) {
  fs::create_directory_symlink("/path/to/nowhere", box() / "link");
  for (const char* command :
       {"train --data builtin:shapes:16 --resolution 8 --kimg 0.01 --out link",
        "train --data builtin:shapes:16 --resolution 8 --kimg 0.01 --out link/below",
        "generate 0 --seeds 0 --out link/below"}) {
    expect_refusal(box().run(command),
                   "'link' is a link to '/path/to/nowhere', which does not exist");
    EXPECT_TRUE(fs::is_symlink(box() / "link")) << command;
  }
}

TEST_F(Outputs, AFileInThePlaceOfTheRunsIsNamedBeforeAnyWork) {
  box().write("file.txt", "text");
  expect_refusal(box().run("train --data builtin:shapes:16 --out file.txt"),
                 "cannot create a run folder in file.txt: Not a directory");
  EXPECT_EQ(box().read("file.txt"), "text");
}

}  // namespace
}  // namespace pg::test
