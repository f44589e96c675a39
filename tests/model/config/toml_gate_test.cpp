// toml_gate_test.cpp: brackets and dots count outside of strings and comments, and nowhere else.
#include "model/config/toml_gate.h"

#include <gtest/gtest.h>

#include "model/config/config.h"

namespace pg {
namespace {

std::string repeated(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

// "LINE: REASON", or "" for a text within the limits.
std::string rejection(const std::string& text) {
  try {
    check_toml(text);
  } catch (const TomlError& error) {
    return std::to_string(error.line) + ": " + error.reason;
  }
  return "";
}

const std::string kDeep = repeated("[", 9), kParts = repeated("a.", 8) + "a";

TEST(TomlGate, CountsBracketsAndPartsOfKeys) {
  EXPECT_EQ(rejection("\nx = " + kDeep), "2: brackets nested more than 8 deep");
  EXPECT_EQ(rejection("x = " + repeated("{a=", 9)), "1: brackets nested more than 8 deep");
  EXPECT_EQ(rejection("x = " + repeated("[\n", 9)), "9: brackets nested more than 8 deep");
  EXPECT_EQ(rejection("\n\n" + kParts + " = 1"), "3: a key of more than 8 parts");
  EXPECT_EQ(rejection("[" + kParts + "]"), "1: a key of more than 8 parts");
  EXPECT_EQ(rejection(std::string(2'000'000, ' ')), "1: more than 1048576 bytes");
}

TEST(TomlGate, StringsAndCommentsHoldAnything) {
  for (const std::string& text : {kDeep, kParts}) {
    EXPECT_EQ(rejection("x = \"" + text + "\" # " + text), "");
    EXPECT_EQ(rejection("x = '" + text + "'"), "");
    EXPECT_EQ(rejection("x = \"\\\"" + text + "\""), "");
    EXPECT_EQ(rejection("x = \"\"\"\n" + text + "\"\n\\\"\"\"\"\""), "");
    EXPECT_EQ(rejection("x = '''\n" + text + "'''"), "");
  }
  EXPECT_EQ(rejection(repeated("x = [[0.5, 1.5], {a.b = 1}]\n", 100)), "");
  EXPECT_EQ(rejection(to_toml(Config())), "");
}

TEST(TomlGate, StringsHideNothingAfterThem) {
  for (const char* string : {"\"a\"", "''", "'\\'", "\"\\\\\"", "\"\"\"a\"\"\"", "\"\"\"a\"\"\"\"",
                             "'''a'''''", "\"\"\"\n\"\"\"", "\"open\n", "'open\n"}) {
    EXPECT_NE(rejection("x = [" + std::string(string) + ", " + kDeep), "") << string;
  }
}

}  // namespace
}  // namespace pg
