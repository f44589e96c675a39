// runs_test.cpp: the list of runs, with damaged ones and one that is being trained.
#include <gtest/gtest.h>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "model/run/run_folder.h"
#include "model/run/run_list.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Json listed(const Sandbox& box, const std::string& more = "") {
  const Outcome o = box.run("runs --json " + more);
  EXPECT_EQ(o.code, 0) << o.err;
  return Json::parse(o.out);
}

TEST(Runs, ListsNewestFirstWithStageAndState) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  ASSERT_EQ(box.run(tiny("--kimg 0.048 --set train.name=second")).code, 0);
  const Json runs = listed(box);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0]["run"], 1);
  EXPECT_EQ(runs[0]["folder"], "runs/00001-second");
  EXPECT_EQ(runs[1]["state"], "finished");
  EXPECT_EQ(runs[1]["images_shown"], 128);
  EXPECT_EQ(runs[1]["total_images"], 128);
  EXPECT_EQ(runs[1]["resolution"], 8);
  EXPECT_GT(runs[1]["seconds"], 0.0);
  const Outcome table = box.run("runs");
  EXPECT_NE(table.out.find("8x8 stable"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("0.1 of 0.1"), std::string::npos) << table.out;
  EXPECT_LT(table.out.find("00001-second"), table.out.find("00000-")) << table.out;
  EXPECT_EQ(listed(box, "runs"), runs);
}

// The schedule is read every 32 images: at 32, before the fade, and not at 64, after the end.
TEST(Runs, ShowsTheStageOfTheLastReadingAsInfoDoes) {
  const Sandbox box;
  const Outcome run = box.run(tiny("--kimg 0.056 --set schedule.minibatch_repeats=4"));
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_NE(run.err.find("the run ends in the 4x4 stage, of 8x8"), std::string::npos) << run.err;
  EXPECT_EQ(listed(box)[0]["resolution"], 4);
  const Outcome info = box.run("info --from 0");
  EXPECT_NE(info.out.find("trained     4x4 at 0.056 kimg"), std::string::npos) << info.out;
}

TEST(Runs, ARenamedRunIsListedAndResumed) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  fs::rename(box / "runs/00000-builtin-shapes-64-official-tf-8", box / "runs/flowers");
  const Json runs = listed(box);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0]["folder"], "runs/flowers");
  EXPECT_EQ(runs[0]["state"], "finished");
  EXPECT_EQ(box.run("train --resume --kimg 0.16").code, 0);
  EXPECT_EQ(listed(box)[0]["images_shown"], 160);
  ASSERT_EQ(box.run(tiny()).code, 0);  // numbered runs are the newer ones
  EXPECT_EQ(listed(box)[0]["run"], 0);
  EXPECT_NE(box.run("train --resume").err.find("runs/00000-"), std::string::npos);
}

TEST(Runs, ADamagedNewestCheckpointIsNamedWhenAnOlderOneIsUsed) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny("--set checkpoint.every_kimg=0.064")).code, 0);
  const std::string run = "runs/00000-builtin-shapes-64-official-tf-8";
  for (const char* name :
       {"/checkpoint-000000.128.safetensors", "/latest.safetensors", "/finished-8x8.safetensors"}) {
    if (fs::exists(box / (run + name))) box.write(run + name, "damaged");
  }
  for (const char* command : {"generate 0 --seeds 0 --out pictures", "info 0",
                              "export 0 --format safetensors --out a.safetensors"}) {
    const Outcome o = box.run(command);
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_NE(o.err.find("skipped: "), std::string::npos) << command << ": " << o.err;
    EXPECT_NE(o.err.find("checkpoint-000000.128"), std::string::npos) << command << ": " << o.err;
  }
}

TEST(Runs, AStoppedRunIsNotFinished) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny("--set checkpoint.every_kimg=0.032")).code, 0);
  const fs::path run = box / listed(box)[0]["folder"].get<std::string>();
  fs::remove(run / "checkpoint-000000.128.safetensors");
  fs::remove(run / "stats.jsonl");
  const Json now = listed(box)[0];
  EXPECT_EQ(now["state"], "stopped");
  EXPECT_EQ(now["images_shown"], 96);
  EXPECT_EQ(now["total_images"], 128);
}

TEST(Runs, AResumeMayChangeTheEnd) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  ASSERT_EQ(box.run("train --resume --kimg 0.192").code, 0);
  const Json now = listed(box)[0];
  EXPECT_EQ(now["state"], "finished");
  EXPECT_EQ(now["images_shown"], 192);
  EXPECT_EQ(now["total_images"], 192);
}

TEST(Runs, DamagedAndForeignFoldersDoNoHarm) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  const std::string run = listed(box)[0]["folder"];
  fs::create_directories(box / "runs/00001-empty");
  box.write("runs/00002-toml/config.toml", "[model\n");
  box.write("runs/00003-checkpoint/config.toml", box.read(run + "/config.toml"));
  box.write("runs/00003-checkpoint/latest.safetensors", "no checkpoint");
  box.write("runs/00004-new/config.toml", box.read(run + "/config.toml"));
  box.write("runs/00005-a-file", "x");
  box.write("runs/00006-stats/config.toml", box.read(run + "/config.toml"));
  box.write("runs/00006-stats/stats.jsonl", "{\"kimg\": 1e300}\nnothing\n{\"kimg\": \"x\"}\n[3]\n");
  fs::create_directories(box / "runs/00007-odd/config.toml");
  box.write("runs/00007-odd/log.txt", "");
  const Json runs = listed(box);
  const auto state = [&](int number) -> std::string {
    for (const Json& one : runs) {
      if (one["run"] == number) return one["state"];
    }
    return "not listed";
  };
  EXPECT_EQ(state(0), "finished");
  EXPECT_EQ(state(1), "not listed");
  EXPECT_EQ(state(2), "damaged");
  EXPECT_EQ(state(3), "damaged");
  EXPECT_EQ(state(4), "empty");
  EXPECT_EQ(state(5), "not listed");
  EXPECT_EQ(state(6), "empty");
  EXPECT_EQ(state(7), "damaged");
  const Outcome table = box.run("runs");
  EXPECT_NE(table.out.find("config.toml:1"), std::string::npos) << table.out;
}

TEST(Runs, ATrainedRunIsRunningAndItsLockIsNotTaken) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  const RunFolder folder = runs_in(box / "runs").at(0);
  EXPECT_EQ(listed(box)[0]["state"], "finished");
  const RunLock lock(folder);
  if (!training_process(folder.path())) GTEST_SKIP() << "this system does not list its locks";
  EXPECT_EQ(listed(box)[0]["state"], "running");
  EXPECT_EQ(listed(box)[0]["process"], ::getpid());
}

TEST(Runs, SaysWhereThereIsNone) {
  const Sandbox box;
  const Outcome none = box.run("runs");
  EXPECT_EQ(none.code, 0);
  EXPECT_NE(none.err.find("no runs in 'runs'"), std::string::npos) << none.err;
  EXPECT_EQ(listed(box), Json::array());
  const Outcome wrong = box.run("runs elsewhere");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_NE(wrong.err.find("'elsewhere'"), std::string::npos) << wrong.err;
}

}  // namespace
}  // namespace pg::test
