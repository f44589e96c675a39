// command_line_test.cpp: what a person types is read as it was meant, or answered with what was
// meant.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

constexpr const char* kRun = "00000-builtin-shapes-64-official-tf-8";

// A wrong command line and words of the answer, which is one line with exit code 2.
struct Wrong {
  std::string arguments;
  std::vector<std::string> words;
};

void expect_answers(const std::vector<Wrong>& list) {
  const Sandbox box;
  std::filesystem::create_directory(box / "photos");
  for (const Wrong& wrong : list) {
    const Outcome o = box.run(wrong.arguments);
    EXPECT_EQ(o.code, 2) << wrong.arguments << ": " << o.err;
    EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << wrong.arguments << ": " << o.err;
    for (const std::string& word : wrong.words) {
      EXPECT_NE(o.err.find(word), std::string::npos)
          << wrong.arguments << ": no '" << word << "' in: " << o.err;
    }
    EXPECT_FALSE(std::filesystem::exists(box / "runs")) << wrong.arguments;
  }
}

TEST(CommandLine, NamesTheOptionThatWasMeant) {
  expect_answers({
      {"train --dta x", {"'--dta' of train", "'--data'", "progan_cuda train --help"}},
      {"train -data x", {"'-data'", "'--data'"}},
      {"train -dphotos", {"-d photos"}},
      {"train --resol 8", {"'--resolution'"}},
      {"train --memory_limit 8GB", {"'--memory-limit'"}},
      {"train --grid 2x2", {"an option of generate and interpolate"}},
      {"generate 0 --kimg 4", {"an option of train and plan", "progan_cuda generate --help"}},
      {"dataset check photos --strct", {"'--strct' of dataset check"}},
      {"train --fmap-base 4", {"--set model.fmap_base=VALUE"}},
      {"train photos \u2014\u2014resolution 8", {"two hyphens"}},
      {"train \u2013\u2013data photos", {"two hyphens"}},
      {"train --zzzzzzzz 1", {"unknown option '--zzzzzzzz' of train", "train --help"}},
  });
}

TEST(CommandLine, KnowsTheOptionsOfOtherPrograms) {
  expect_answers({
      {"train --outdir x", {"'--out'"}},
      {"train --data-dir x", {"'--data'"}},
      {"train --data_root=x", {"'--data'"}},
      {"train --batch-size 4", {"'--batch'"}},
      {"train --epochs 4", {"'--kimg'", "thousands of images"}},
      {"train --snap 4", {"--set checkpoint.every_kimg=160"}},
      {"train --gamma 4", {"--set loss.gp_lambda=10"}},
      {"train --lr 4", {"--set optimizer.g_learning_rate=0.001"}},
      {"train --aug ada", {"mirroring"}},
      {"train --num-gpus 2", {"'--gpus'"}},
      {"generate --network x.pkl", {"'--from'"}},
      {"generate 0 --trunc 0.7", {"no truncation"}},
      {"generate 0 --outdir x", {"'--out'"}},
      {"generate 0 --num-images 4", {"'--seeds'", "0-63"}},
      {"export 0 --output x", {"'--out'"}},
  });
}

TEST(CommandLine, NamesTheCommandThatWasMeant) {
  expect_answers({
      {"trian", {"'train'"}},
      {"sample", {"'generate'"}},
      {"resume", {"'train --resume'"}},
      {"photos", {"'train photos'"}},
      {"builtin:shapes", {"'train builtin:shapes'"}},
      {"dataset chek photos", {"unknown command 'dataset chek'", "'dataset check'"}},
      {"dataset", {"dataset needs a command: build, info or check", "progan_cuda dataset --help"}},
      {"help trian", {"'train'"}},
      {"--data photos train", {"first word is a command", "'progan_cuda train --data ...'"}},
      {"-x", {"first word is a command", "progan_cuda --help"}},
  });
}

TEST(CommandLine, RefusesTwoValuesOfOneOption) {
  expect_answers({
      {"train --data a --data b", {"--data is given twice: 'a' and 'b'"}},
      {"train -d a --data=b", {"--data is given twice: 'a' and 'b'"}},
      {"train a --data b", {"--data is given twice: 'a' and 'b'"}},
      {"train a b", {"DATA is given twice: 'a' and 'b'"}},
      {"train --kimg 1 --kimg 2", {"--kimg is given twice: '1' and '2'", "choose one"}},
      {"generate 0 --seeds 1 --seeds 2", {"--seeds is given twice"}},
      {"generate 0 -r 1", {"-r is given twice: '0' and '1'"}},
      {"train --resume 0 -r 1", {"-r is given twice: '0' and '1'"}},
      {"config --preset paper --preset tutorial", {"--preset is given twice"}},
  });
}

TEST(CommandLine, NamesMissingAndNeedlessWords) {
  expect_answers({
      {"generate", {"generate needs RUN", "progan_cuda generate RUN"}},
      {"export 0", {"--format"}},
      {"export 0 --format onnx", {"--out"}},
      {"dataset check", {"needs SOURCE"}},
      {"train --data", {"--data needs a value"}},
      {"train --data --resolution 8", {"--data needs a value", "'--resolution' follows"}},
      {"train --data -o x", {"--data needs a value", "'-o' follows"}},
      {"gradcheck photos", {"unexpected 'photos'"}},
      {"version 3", {"unexpected '3' after progan_cuda version"}},
      {"generate 0 -- --out x", {"'--out' follows '--'", "write it before '--'"}},
      {"train photos -- --seed=1", {"'--seed=1' follows '--'", "write it before '--'"}},
      {"train -- --out x", {"'--out' follows '--'", "write it before '--'"}},
      {"help train --out", {"unexpected '--out' after progan_cuda train (see"}},
      {"dataset info .", {"'.' is not a built data set", "dataset check ."}},
      {"train photos --quiet true", {"unexpected 'true'", "--quiet takes no value"}},
      {"train photos schedule.total_kimg=3", {"--set schedule.total_kimg=3"}},
  });
}

TEST(CommandLine, ContradictionsAreRejected) {
  const std::string data = "train builtin:shapes:64 ";
  expect_answers({
      {data + "--resolution 8 --set model.resolution=16",
       {"--resolution 8 and --set model.resolution=16 contradict", "drop one"}},
      {data + "--set data.path=photos", {"--data builtin:shapes:64 and --set data.path="}},
      {data + "--seed 1 --set train.seed=2", {"--seed 1 and --set train.seed=2"}},
      {data + "--kimg 1 --set schedule.total_kimg=2", {"--kimg 1 and --set"}},
      {data + "--device cpu --set train.device=cuda", {"--device cpu and --set"}},
      {data + "--out a --set train.out=b", {"--out a and --set train.out="}},
      {data + "--mirror --set data.mirror=false", {"--mirror and --set data.mirror=false"}},
      {data + "--hours 1 --preset paper", {"--hours", "--preset paper", "drop one of the two"}},
      {"interpolate 0 --seeds 1,2 --seed 5", {"exclude each other", "interpolate --help"}},
      {"generate 0 --latents z.npy --out z.npy", {"--latents and --out both name 'z.npy'"}},
      {"dataset check photos --sheet a.png --pairs ./a.png", {"--sheet and --pairs both name"}},
  });
}

TEST(CommandLine, EmptyValuesAreRejected) {
  expect_answers({
      {"train --resume ''", {"--resume: expected", "for the newest run"}},
      {"train --resume=", {"--resume: expected", "for the newest run"}},
      {"generate ''", {"RUN: expected", "empty text"}},
      {"generate 0 --out ''", {"--out: expected", "empty text"}},
      {"plan --gpu ''", {"--gpu: expected", "empty text"}},
      {"train photos --preset ''", {"--preset: expected", "empty text"}},
  });
}

TEST(CommandLine, SecondWordsAreAnsweredWithWhatWasMeant) {
  const Sandbox box;
  std::filesystem::create_directory(box / "my photos");
  EXPECT_NE(box.run("train my photos").err.find("did you mean 'my photos', in quotes?"),
            std::string::npos);
  expect_answers({
      {"generate 0 --seeds 1 2 3", {"unexpected '2'", "--seeds 1,2"}},
      {"dataset build photos set", {"unexpected 'set'", "did you mean --out set?"}},
      {"generate 0 f.png", {"did you mean --out f.png?"}},
      {"train photos --set model.fmap_max 16", {"--set model.fmap_max=16"}},
      {"generate 0 1", {"RUN is given twice"}},
      {"help train plan", {"unexpected 'plan'"}},
      {"man train plan", {"unexpected 'plan'"}},
      {"--", {"progan_cuda needs a command"}},
  });
}

TEST(CommandLine, PathsThatTheShellDidNotExpand) {
  const Sandbox box;
  for (const auto& [path, advice] :
       {std::pair("~/photos", "~ is the home folder only outside of quotes"),
        std::pair("photos/*.png",
                  "inside quotes, * and ? stand for themselves; name a file or folder")}) {
    const Outcome o = box.run("train '" + std::string(path) + "'");
    EXPECT_EQ(o.code, 1) << path;
    EXPECT_NE(o.err.find(advice), std::string::npos) << o.err;
  }
}

TEST(CommandLine, ValuesThatAreNoValues) {
  expect_answers({
      {"plan photos --json=x", {"--json takes no value, got 'x'", "plan --help"}},
      {"train builtin:shapes:64 --batch 7", {"not a multiple", "choose a multiple with --batch"}},
      {"-V", {"did you mean '--version'?"}},
      {"train https://example.com/a.zip", {"is an address; download it first"}},
      {"generate 0 --out -", {"standard output is not supported"}},
      {"train photos --no-mirror", {"it is off unless '--mirror' is given", "--mirror=false"}},
      {"train photos --resolution 0", {"--resolution: expected a power of two", "omit it"}},
      {"train photos --threads -1", {"--threads: expected an integer from 0 to 4096"}},
      {"config --config paper", {"the preset of this name is --preset paper"}},
      {"config --config photos", {"expected a TOML file, got a folder"}},
      {"config --set MODEL.RESOLUTION=8", {"did you mean 'model.resolution'?"}},
      {"TRAIN photos", {"did you mean 'train'?"}},
      {"--hlep", {"did you mean '--help'?"}},
      {"import a.pth --preset stylgan --out b.safetensors", {"unknown preset 'stylgan'"}},
      {"runs nowhere", {"cannot find the folder 'nowhere'"}},
      {"dataset info nowhere", {"cannot find the data set 'nowhere'"}},
      {"timelapse photos", {"'photos' is not a run folder"}},
  });
}

TEST(CommandLine, SettingsMayHaveBlanks) {
  const Sandbox box;
  const Outcome o = box.run("config --set 'model.resolution = 8' resolution");
  EXPECT_EQ(o.out, "model.resolution = 8\n") << o.err;
}

TEST(CommandLine, ChecksNumbersOfAllOptionsAlike) {
  const std::string huge(309, '9');
  expect_answers({
      {"train photos --resolution abc", {"--resolution: expected a power of two", "'abc'"}},
      {"train photos --resolution 12", {"a power of two from 4 to 1024", "did you mean 16?"}},
      {"train photos --resolution 32x32", {"--resolution: expected", "write 32 alone"}},
      {"train photos --resolution 1.5", {"--resolution: expected a power of two", "'1.5'"}},
      {"train photos --seed -1", {"--seed: expected an integer from 0 to 9223372036854775807"}},
      {"train photos --seed 9223372036854775808", {"from 0 to 9223372036854775807"}},
      {"train photos --threads " + huge, {"--threads: expected an integer from 0 to"}},
      {"train photos --batch 0", {"--batch: expected an integer from 1 to 65536, got '0'"}},
      {"generate 0 --batch 5000", {"--batch: expected an integer from 1 to 1024, got '5000'"}},
      {"interpolate 0 --seconds 1e9", {"--seconds: expected a number from 0.01 to 3600"}},
      {"interpolate 0 --seconds nan", {"--seconds: expected a number"}},
      {"train photos --kimg 12M", {"12 million are --kimg 12000"}},
      {"train photos --kimg 5k", {"5000 images are --kimg 5"}},
      {"train photos --kimg 1,5", {"without separators"}},
      {"train photos --memory-limit 8", {"--memory-limit: 8 what? Write 8GB or 8GiB"}},
      {"train photos --set train.memory_limit=8", {"train.memory_limit: 8 what?"}},
      {"dataset check photos --memory-limit 2", {"--memory-limit: 2 what?"}},
  });
}

TEST(CommandLine, NamesTheValueThatWasMeant) {
  expect_answers({
      {"config --preset offical-tf", {"did you mean 'official-tf'?"}},
      {"config --set loss.kind=wgan_gp", {"loss.kind: expected", "did you mean wgan-gp?"}},
      {"config --set data.mirror=yes", {"did you mean true?"}},
      {"config --set mirror=true", {"did you mean 'data.mirror'?"}},
      {"export 0 --format onnx -o x --network g", {"expected G, Gs or D", "did you mean G?"}},
      {"train photos --precision BF16", {"--precision: expected", "did you mean bf16?"}},
      {"config --preset official", {"did you mean 'official-tf'?"}},
      {"config --describe mirorr", {"did you mean 'data.mirror'?"}},
      {"config --set batch=8", {"did you mean 'schedule.minibatch_base'?"}},
  });
}

std::string value_of(const Outcome& o, const std::string& key) {
  const size_t at = o.out.find("\n" + key + " = ");
  if (at == std::string::npos) return "no " + key + " in: " + o.err + o.out;
  const size_t begin = at + key.size() + 4;
  return o.out.substr(begin, o.out.find('\n', begin) - begin);
}

TEST(CommandLine, WordsWithoutOptionsAreDataAndRun) {
  const Sandbox box;
  const Outcome trained = box.run(tiny("-o out -d builtin:shapes:64"));
  ASSERT_EQ(trained.code, 0) << trained.err;
  const std::string run = std::string("out/") + kRun;
  for (const std::string& given : {"--from " + run, "-r " + run, run}) {
    EXPECT_EQ(box.run("info " + given).code, 0) << given;
    EXPECT_EQ(box.run("generate " + given + " --seeds 1 -o one.png").code, 0) << given;
  }
  EXPECT_EQ(box.run("export " + run + " --format onnx -o g.onnx").code, 0);
  EXPECT_EQ(box.run("interpolate --seconds 0.04 " + run + " -o frames").code, 0);
  EXPECT_EQ(box.run("dataset build builtin:shapes:8 -o set --resolution 8").code, 0);
  EXPECT_EQ(box.run("dataset info set").code, 0);
  EXPECT_EQ(box.run("dataset check -d set").code, 0);
  EXPECT_EQ(box.run("plan set").code, 0);
  const Outcome resumed = box.run("train -r " + run + " --kimg 0.129");
  EXPECT_EQ(resumed.code, 0) << resumed.err;
}

TEST(CommandLine, TakesIntegersInAnyForm) {
  const Sandbox box;
  for (const std::string seed : {"1000", "1e3", "0x3e8", "01000", "+1000", "1000.0"}) {
    ASSERT_EQ(box.run(tiny("--set schedule.total_kimg=0.008 --kimg 0.008 --out " + seed +
                           " --seed " + seed))
                  .code,
              0)
        << seed;
    const std::string config = box.read(seed + "/" + kRun + "/config.toml");
    EXPECT_NE(config.find("\nseed = 1000\n"), std::string::npos) << seed;
  }
}

TEST(CommandLine, ShorthandsSetTheirSettings) {
  const Sandbox box;
  const Outcome o = box.run(tiny("--batch 4 --mirror --cond --gpus 0 --kimg 0.008"));
  ASSERT_EQ(o.code, 0) << o.err;
  const std::string config = box.read(std::string("runs/") + kRun + "/config.toml");
  const Outcome file{.code = 0, .out = config, .err = ""};
  EXPECT_EQ(value_of(file, "minibatch"), "{}");
  EXPECT_EQ(value_of(file, "minibatch_base"), "4");
  EXPECT_EQ(value_of(file, "mirror"), "true");
  EXPECT_EQ(value_of(file, "conditioning"), "\"acgan\"");
  EXPECT_EQ(value_of(file, "device"), "\"cpu\"");
  expect_answers({
      {"train photos --gpus 2", {"--gpus 2", "yet", "--device cuda:I"}},
      {"train photos --gpus 0 --device cuda", {"--gpus 0 and --device cuda contradict"}},
      {"train photos --cond=some", {"--cond: expected no value, =acgan"}},
      {"train photos --batch 8 --set schedule.minibatch_base=16",
       {"--batch and --set schedule.minibatch_base=16 contradict", "drop one"}},
      {"plan photos --batch 8 --set schedule.minibatch={4=32}",
       {"--batch and --set schedule.minibatch={4=32} contradict", "drop one"}},
      {"train photos --data ''", {"got an empty text"}},
      {"train photos --mirror=2", {"--mirror: expected no value, =true or =false"}},
  });
}

TEST(CommandLine, SettingsFollowOneAnother) {
  const Sandbox box;
  const Outcome o = box.run(
      "config --set loss.drift_epsilon=1 data.mirror=true "
      "--set loss.drift_epsilon=2 --preset paper --preset paper");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(value_of(o, "drift_epsilon"), "2");
  EXPECT_EQ(value_of(o, "mirror"), "true");
}

TEST(CommandLine, HelpAndVersionWhereverTheyAreAskedFor) {
  const Sandbox box;
  for (const char* words : {"train --help", "help train", "train help", "train -h",
                            "train --data a --data b --help", "train --nonsense --help"}) {
    const Outcome o = box.run(words);
    EXPECT_EQ(o.code, 0) << words << o.err;
    EXPECT_NE(o.out.find("--resolution"), std::string::npos) << words;
  }
  EXPECT_NE(box.run("help dataset check").out.find("--pairs"), std::string::npos);
  EXPECT_NE(box.run("help").out.find("generate"), std::string::npos);
  for (const char* words : {"version", "--version", "train --version"}) {
    const Outcome o = box.run(words);
    EXPECT_EQ(o.code, 0) << words << o.err;
    EXPECT_TRUE(o.out.starts_with("progan_cuda ")) << words;
  }
}

}  // namespace
}  // namespace pg::test
