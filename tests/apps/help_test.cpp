// help_test.cpp: help texts, completions and manual pages of every command.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "model/config/config_keys.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> commands(const Sandbox& box) {
  return lines_of(box.run("man --list").out);
}

bool has(const std::string& text, const std::string& word) {
  return text.find(word) != std::string::npos;
}

TEST(Help, ListsEveryCommandWithin80Columns) {
  const Sandbox box;
  const std::vector<std::string> all = commands(box);
  EXPECT_GE(all.size(), 18U);
  const std::string program = box.run("--help").out;
  for (const std::string& command : all) {
    const Outcome o = box.run("help " + command);
    EXPECT_EQ(o.code, 0) << command << o.err;
    for (const std::string& line : lines_of(o.out + program)) {
      EXPECT_LE(line.size(), 80U) << command << ": " << line;
      EXPECT_FALSE(line.ends_with(' ')) << command << ": '" << line << "'";
    }
    EXPECT_TRUE(has(o.out, "Usage: progan_cuda " + command)) << o.out;
    const bool listed = has(program, "\n  " + command + " ");
    EXPECT_TRUE(listed || has(command, " ")) << command;
  }
}

// A row of help: two spaces and an option, then its meaning, here or in the next line.
TEST(Help, SaysWhatEveryOptionDoesAndItsDefault) {
  const Sandbox box;
  for (const std::string& command : commands(box)) {
    std::vector<std::string> rows;
    for (const std::string& line : lines_of(box.run("help " + command).out)) {
      if (line.starts_with("  ") && line.size() > 2 && line[2] != ' ') {
        rows.push_back(line);
      } else if (!rows.empty() && line.starts_with("   ")) {
        rows.back() += line.substr(line.find_first_not_of(' ') - 1);
      }
    }
    for (const std::string& row : rows) {
      const size_t meaning = row.find("  ", 3);
      EXPECT_TRUE(meaning != std::string::npos || row.size() > 30) << command << ": " << row;
      const bool number = has(row.substr(0, 26), " N ");
      EXPECT_TRUE(!number || has(row, "default") || has(row, "also")) << command << ": " << row;
    }
  }
}

TEST(Help, DescribesSingleSettings) {
  const Sandbox box;
  const std::string one = box.run("config --describe loss.kind").out;
  EXPECT_TRUE(has(one, "loss.kind = \"wgan-gp\"") && has(one, "Allowed: wgan-gp, ")) << one;
  EXPECT_EQ(lines_of(one).size(), 3U) << one;
  EXPECT_EQ(box.run("config --describe kind").out, one);
  EXPECT_EQ(box.run("config loss.kind mirror --set data.mirror=true").out,
            "loss.kind = \"wgan-gp\"\ndata.mirror = true\n");
  const std::string section = box.run("config --describe guard").out;
  EXPECT_TRUE(section.starts_with("guard.action = ") && has(section, "\nguard.tries = "))
      << section;
  EXPECT_FALSE(has(section, "model.")) << section;
  const Outcome wrong = box.run("config --describe loss.knid");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_TRUE(has(wrong.err, "did you mean 'loss.kind'?")) << wrong.err;
}

// The words that bash offers for the last word of a command line.
std::vector<std::string> completed(const Sandbox& box, const std::vector<std::string>& words) {
  std::string script = "source complete.sh; COMP_WORDS=(progan_cuda";
  for (const std::string& word : words) script += " '" + word + "'";
  script += "); COMP_CWORD=" + std::to_string(words.size()) +
            "; compopt() { :; }; _progan_cuda; printf '%s\\n' \"${COMPREPLY[@]}\"";
  box.write("ask.sh", script);
  const Outcome o = box.run("", "bash ask.sh");
  EXPECT_EQ(o.err, "");
  std::vector<std::string> lines = lines_of(o.out);
  std::erase(lines, "");
  return lines;
}

using Words = std::vector<std::string>;

TEST(Completion, BashOffersWhatCanFollow) {
  const Sandbox box;
  const Outcome script = box.run("completion bash");
  ASSERT_EQ(script.code, 0) << script.err;
  box.write("complete.sh", script.out);
  std::filesystem::create_directory(box / "photos");
  EXPECT_EQ(completed(box, {"gen"}), Words{"generate"});
  EXPECT_EQ(completed(box, {"dataset", "ch"}), Words{"check"});
  EXPECT_EQ(completed(box, {"train", "--resol"}), Words{"--resolution"});
  EXPECT_EQ(completed(box, {"train", "ph"}), Words{"photos"});
  EXPECT_EQ(completed(box, {"train", "-d", "ph"}), Words{"photos"});
  EXPECT_EQ(completed(box, {"train", "--preset", "official-tf-2"}), Words{"official-tf-2gpu"});
  EXPECT_EQ(completed(box, {"train", "--device", "c"}), (Words{"cpu", "cuda"}));
  EXPECT_EQ(completed(box, {"train", "--device", "=", "cp"}), Words{"cpu"});
  EXPECT_EQ(completed(box, {"train", "--precision", "b"}), Words{"bf16"});
  EXPECT_EQ(completed(box, {"export", "0", "--format", "o"}), Words{"onnx"});
  EXPECT_EQ(completed(box, {"train", "--set", "model.cond"}), Words{"model.conditioning="});
  EXPECT_EQ(completed(box, {"train", "--set", "model.conditioning", "=", "ac"}), Words{"acgan"});
  EXPECT_EQ(completed(box, {"train", "--set", "loss.kind", "=", "wg"}), Words{"wgan-gp"});
  EXPECT_EQ(completed(box, {"train", "--set", "data.mirror", "="}), (Words{"true", "false"}));
  EXPECT_EQ(completed(box, {"train", "--kimg", ""}), Words{});
  std::filesystem::create_directories(box / "runs/00003-leaves");
  EXPECT_EQ(completed(box, {"generate", "0000"}), Words{"00003-leaves"});
  EXPECT_EQ(completed(box, {"train", "--resume", "0000"}), Words{"00003-leaves"});
}

TEST(Completion, ZshScriptHasEveryCommandAndParses) {
  const Sandbox box;
  const Outcome script = box.run("completion zsh");
  ASSERT_EQ(script.code, 0) << script.err;
  EXPECT_TRUE(script.out.starts_with("#compdef progan_cuda\n"));
  for (const std::string& command : commands(box)) {
    EXPECT_TRUE(has(script.out, "'" + command + "') ") || has(script.out, "'" + command + "')\n") ||
                command == "dataset" || has(script.out, "'" + command + ":"))
        << command;
  }
  box.write("_progan_cuda", script.out);
  if (std::system("command -v zsh >/dev/null") != 0) GTEST_SKIP() << "zsh is missing";
  const Outcome parsed = box.run("", "zsh -n _progan_cuda;");
  EXPECT_EQ(parsed.err.find("_progan_cuda:"), std::string::npos) << parsed.err;
}

TEST(Manual, EveryPageIsValidAndComplete) {
  const Sandbox box;
  const bool formats = std::system("command -v groff >/dev/null") == 0;
  for (const std::string& command : commands(box)) {
    const Outcome page = box.run("man " + command);
    ASSERT_EQ(page.code, 0) << command << page.err;
    EXPECT_TRUE(has(page.out, ".TH PROGAN_CUDA\\-")) << page.out;
    EXPECT_TRUE(has(page.out, ".SH SYNOPSIS") && has(page.out, ".SH EXIT STATUS")) << command;
    if (!formats) continue;
    box.write("page.1", page.out);
    const Outcome shown = box.run("", "groff -man -Tutf8 -ww page.1 >/dev/null;");
    EXPECT_EQ(shown.err.find("page.1"), std::string::npos) << command << shown.err;
  }
  const std::string config = box.run("man config").out;
  for (const Key& key : keys()) EXPECT_TRUE(has(config, "\n.B " + key.path)) << key.path;
  EXPECT_TRUE(has(box.run("man").out, "NO_COLOR"));
  if (!formats) GTEST_SKIP() << "groff is missing: pages were not formatted";
}

}  // namespace
}  // namespace pg::test
