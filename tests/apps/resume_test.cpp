// resume_test.cpp: train --resume: which files it touches, and what happens to them while it runs.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include "data/formats/safetensors.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

const std::string kRun = "runs/00000-builtin-shapes-64-official-tf-8";
const std::string kSecond = "runs/00001-builtin-shapes-64-official-tf-8";
const std::string kEvery = "--set checkpoint.every_kimg=0.032 --set checkpoint.keep=0";

// Contents by name.
std::map<std::string, std::string> files_in(const Sandbox& box, const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(box / folder)) {
    const std::string name = entry.path().filename();
    files[name] = entry.is_regular_file() ? box.read(folder + "/" + name) : "not a file";
  }
  return files;
}

// A copy of a checkpoint with other metadata and one other weight.
void change(const fs::path& from, const fs::path& to, const std::string& key,
            const std::string& value, const std::string& tensor = "", float weight = 0) {
  const Safetensors file(from);
  Metadata metadata = file.metadata();
  for (const char* checksum : {"crc32", "header_crc32"}) metadata.erase(checksum);
  if (!key.empty()) metadata[key] = value;
  std::vector<std::vector<std::byte>> data;
  std::vector<NamedBuffer> buffers;
  for (const StoredTensor& t : file.tensors()) {
    data.push_back(file.read(t));
    if (t.name.ends_with(tensor) && !tensor.empty()) {
      std::memcpy(data.back().data(), &weight, sizeof weight);
    }
    buffers.push_back({t.name, t.dtype, t.shape, data.back().data()});
  }
  write_safetensors(to, buffers, metadata);
}

void expect_one_sentence(const Outcome& o, int code, const std::string& words) {
  EXPECT_EQ(o.code, code) << o.err;
  EXPECT_NE(o.err.find(words), std::string::npos) << o.err;
  EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << o.err;
}

TEST(TrainResume, CheckpointInAnotherFolderStartsANewRunAndTouchesNothingThere) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny(kEvery)).code, 0);
  const std::string checkpoint = "checkpoint-000000.064.safetensors";
  // A folder of downloads; one with settings of this program; a run with other networks.
  box.write("one/config.toml", "[package]\nname = \"mine\"\n");
  box.write("two/config.toml", box.run("config").out);
  box.write("three/config.toml", box.read(kRun + "/config.toml"));
  ASSERT_EQ(box.run(tiny("--out four --set model.fmap_base=64")).code, 0);
  fs::rename(box / ("four/" + kRun.substr(5)), box / "five");
  for (const std::string folder : {"one", "two", "three"}) {
    box.write(folder + "/stats.jsonl", "{\"kimg\": 1000, \"mine\": 1}\n{\"step\": 1}\nnotes");
    box.write(folder + "/log.txt", "my log\n");
    box.write(folder + "/notes.tmp-20240101", "mine");
    box.write(folder + "/latest.safetensors", "mine");
  }
  for (const std::string folder : {"one", "two", "three", "five"}) {
    fs::copy_file(box / (kRun + "/" + checkpoint), box / (folder + "/" + checkpoint));
    const auto before = files_in(box, folder);
    const Outcome o = box.run("train --resume " + folder + "/" + checkpoint + " --out new");
    ASSERT_EQ(o.code, 0) << folder << ": " << o.err;
    EXPECT_TRUE(files_in(box, folder) == before) << folder;
    EXPECT_NE(o.err.find("as a new run"), std::string::npos) << o.err;
    EXPECT_EQ(std::distance(fs::directory_iterator(box / "new"), fs::directory_iterator()), 1);
    fs::remove_all(box / "new");
  }
}

TEST(TrainResume, LinkToACheckpointContinuesTheRunOfItsTarget) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny(kEvery)).code, 0);
  fs::create_symlink(kRun + "/checkpoint-000000.064.safetensors", box / "link.safetensors");
  fs::create_directory_symlink(kRun, box / "run");
  for (const char* from : {"link.safetensors", "run", "run/checkpoint-000000.064.safetensors"}) {
    const Outcome o = box.run(std::string("train --resume ") + from);
    ASSERT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(o.err.find("as a new run"), std::string::npos) << o.err;
  }
  EXPECT_FALSE(fs::exists(box / kSecond));
  EXPECT_FALSE(fs::exists(box / "log.txt"));
}

// Whatever a run wrote is still there under some name.
TEST(TrainResume, FromEarlierCheckpointsLosesNoFile) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny(kEvery)).code, 0);
  std::vector<std::string> written;
  const auto collect = [&] {
    for (const auto& [name, text] : files_in(box, kRun)) {
      if (name != "log.txt" && name != "stats.jsonl") written.push_back(text);
    }
  };
  for (const char* rate : {"0.002", "0.003", "0.004"}) {
    collect();
    const Outcome o = box.run("train --resume " + kRun + "/checkpoint-000000.032.safetensors" +
                              " --set optimizer.g_learning_rate=" + rate);
    ASSERT_EQ(o.code, 0) << o.err;
  }
  const auto files = files_in(box, kRun);
  for (const std::string& text : written) {
    EXPECT_TRUE(std::any_of(files.begin(), files.end(),
                            [&](const auto& file) { return file.second == text; }));
  }
  EXPECT_TRUE(files.contains("superseded-3-checkpoint-000000.128.safetensors"));
  EXPECT_TRUE(files.contains("superseded-3-stats.jsonl"));
}

// Anything read before the lock could be chosen before another trainer writes more.
TEST(TrainResume, LocksTheRunBeforeAnythingElse) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny(kEvery)).code, 0);
  const int fd = ::open((box / kRun).c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  for (const std::string& from :
       {std::string(), kRun, std::string("0"), kRun + "/checkpoint-000000.064.safetensors"}) {
    const Outcome o = box.run("train --resume " + from + " --data nowhere");
    expect_one_sentence(o, 2, "is being trained by another process; stop that process first");
  }
  EXPECT_EQ(box.run("generate --from " + kRun + " --seeds 1 --out a").code, 0) << "reads only";
  ::close(fd);
  EXPECT_EQ(box.run("train --resume").code, 0);
}

TEST(TrainResume, RejectsThingsThatAreNotFilesUnderItsNames) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  for (const char* name : {"log.txt", "stats.jsonl", "latest.safetensors", "config.toml",
                           "checkpoint-000999.safetensors", "reals.png"}) {
    const fs::path path = box / (kRun + "/" + name);
    const std::string text = fs::exists(path) ? box.read(kRun + "/" + name) : "";
    fs::remove(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0666), 0);
    expect_one_sentence(box.run("train --resume --kimg 1", "timeout 60"), 1,
                        std::string(name) + "' is a FIFO, not a file of a run; move it away");
    fs::remove(path);
    if (!text.empty()) box.write(kRun + "/" + name, text);
  }
  EXPECT_EQ(box.run("train --resume").code, 0);
}

TEST(TrainResume, CheckpointOfANewerProgramIsNotPassedOver) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny(kEvery)).code, 0);
  const fs::path run = box / kRun;
  const fs::path newest = run / "checkpoint-000000.128.safetensors";
  change(newest, run / "latest.safetensors", "version", "3");
  fs::remove(newest);
  const auto before = files_in(box, kRun);
  expect_one_sentence(box.run("train --resume"), 1, "expected format version 1 or 2, got 3");
  change(
      run / "checkpoint-000000.096.safetensors", run / "latest.safetensors", "config",
      Safetensors(run / "checkpoint-000000.096.safetensors").metadata_at("config") + "wings = 2\n");
  for (const std::string& from :
       {std::string("train --resume"), "train --resume " + kRun + "/latest.safetensors",
        "generate --seeds 1 --out a --from " + kRun}) {
    expect_one_sentence(box.run(from), 1, "wings");
  }
  EXPECT_EQ(files_in(box, kRun).size(), before.size());
}

TEST(TrainResume, WeightsThatAreNotFiniteAreNamed) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  const fs::path whole = box / (kRun + "/checkpoint-000000.128.safetensors");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  change(whole, box / "nan.safetensors", "", "", "Gs/4x4/Dense/weight", nan);
  for (const char* command : {"generate --seeds 1 --out a --from nan.safetensors",
                              "export --format onnx --out a.onnx --from nan.safetensors"}) {
    expect_one_sentence(box.run(command), 1, "Gs/4x4/Dense/weight[0]: expected a finite number");
  }
  const Outcome o = box.run("train --resume nan.safetensors --kimg 1");
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.err.find("Gs/4x4/Dense/weight[0]: expected a finite number"), std::string::npos);
  const Outcome exported = box.run(
      "export --from " + kRun + " --format safetensors --layout official-tf --out g.safetensors");
  ASSERT_EQ(exported.code, 0) << exported.err;
  change(box / "g.safetensors", box / "h.safetensors", "", "", "4x4/Dense/weight", -1.0f / 0.0f);
  expect_one_sentence(box.run("import h.safetensors --out i.safetensors"), 1,
                      "4x4/Dense/weight': expected finite numbers, got -inf at index 0");
}

TEST(TrainResume, RenamedRunFolderIsFollowedAndADeletedOneEndsTheRun) {
  const Sandbox box;
  const std::string start =
      "\"$@\" & child=$!\ntrap 'kill -9 $child 2>/dev/null' EXIT\n"
      "until grep -qs kimg " +
      kRun + "/stats.jsonl; do sleep 0.1; done\n";
  box.write("rename.sh", start + "mv " + kRun +
                             " moved\nrm moved/log.txt moved/latest.safetensors\n"
                             "until test -e moved/latest.safetensors; do sleep 0.1; done\n"
                             "kill -TERM $child\nwait $child\n");
  const Outcome moved = box.run(tiny("--kimg 1000 --set checkpoint.every_minutes=0.001"),
                                "env --default-signal timeout 60 bash ./rename.sh");
  EXPECT_EQ(moved.code, 0) << moved.err;
  EXPECT_NE(moved.err.find("to resume: progan_cuda train --resume " +
                           fs::canonical(box / "moved").string()),
            std::string::npos)
      << moved.err;
  EXPECT_NE(box.read("moved/log.txt").find("log.txt was deleted"), std::string::npos);
  EXPECT_FALSE(fs::exists(box / kRun));
  box.write("delete.sh",
            start + "kill -STOP $child\nrm -r " + kRun + "\nkill -CONT $child\n" + "wait $child\n");
  const Outcome deleted =
      box.run(tiny("--kimg 1000"), "env --default-signal timeout 60 bash ./delete.sh");
  EXPECT_EQ(deleted.code, 1) << deleted.err;
  EXPECT_NE(deleted.err.find("was deleted while training"), std::string::npos) << deleted.err;
  EXPECT_FALSE(fs::exists(box / kRun));
}

}  // namespace
}  // namespace pg::test
