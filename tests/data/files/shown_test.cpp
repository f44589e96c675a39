// shown_test.cpp: text from outside, made safe to display.
#include "data/files/shown.h"

#include <gtest/gtest.h>

#include <random>

namespace pg {
namespace {

TEST(Shown, KeepsPrintableTextOfAnyLanguage) {
  for (const char* text :
       {"", "a file.png", "Fotos/M\u00f6we", "\u6570\u636e", "\u0645\u06cc\u200c\u062e",
        "\U0001f469\u200d\U0001f467", "back\\slash", "e\u0301"}) {
    EXPECT_EQ(shown(text), text);
  }
}

TEST(Shown, EscapesControls) {
  EXPECT_EQ(shown("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(shown("a\r\n\tb"), "a\\r\\n\\tb");
  EXPECT_EQ(shown(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
  EXPECT_EQ(shown("\u009b2J"), "\\u009b2J");
}

TEST(Shown, EscapesTextThatReordersOrHides) {
  EXPECT_EQ(shown("\u202egnp.exe"), "\\u202egnp.exe");
  EXPECT_EQ(shown("a\u2028b\u2029"), "a\\u2028b\\u2029");
  for (const char* text : {"\u200b", "\u200e", "\u200f", "\u2066", "\u2069", "\u061c", "\u2060",
                           "\ufeff", "\U000e0041"}) {
    EXPECT_TRUE(shown(text).starts_with("\\u")) << shown(text);
  }
}

TEST(Shown, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(shown("M\xf6we"), "M\\xf6we");     // Latin-1
  EXPECT_EQ(shown("\xc0\xaf"), "\\xc0\\xaf");  // overlong
  EXPECT_EQ(shown("\xe0\x80\x9b"), "\\xe0\\x80\\x9b");
  EXPECT_EQ(shown("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(shown("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(shown("\x9b"), "\\x9b");
  EXPECT_EQ(shown("ab\xc3"), "ab\\xc3");  // truncated
}

TEST(Shown, CutsAtWholeCharacters) {
  EXPECT_EQ(shown("\u00f6\u00f6\u00f6\u00f6", 3), "\u00f6\u00f6\u00f6...");
  EXPECT_EQ(shown("\u00f6\u00f6\u00f6", 3), "\u00f6\u00f6\u00f6");
  EXPECT_EQ(shown_whole(std::string(1000, 'a')), std::string(1000, 'a'));
}

TEST(Shown, AnyBytesBecomeDisplayableOnce) {
  std::mt19937 random(1);
  // Bytes that lead, continue and end characters, and controls.
  const std::string_view bytes("a\x1b\n\x7f\x80\x9b\xbf\xc2\xc3\xe2\xed\xa0\xef\xf0\xf4\xff", 16);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (size_t k = random() % 8; k > 0; --k) text += bytes[random() % bytes.size()];
    const std::string result = shown_whole(text);
    for (std::string_view rest = result; !rest.empty();) {
      const Utf8Character c = first_character(rest);
      ASSERT_TRUE(c.valid && is_displayable(c.code)) << result;
      rest.remove_prefix(c.bytes);
    }
    ASSERT_EQ(shown_whole(result), result);
  }
}

TEST(Shown, EscapesOnce) { EXPECT_EQ(shown_whole(shown_whole("\x1b\n\xff")), "\\x1b\\n\\xff"); }

}  // namespace
}  // namespace pg
