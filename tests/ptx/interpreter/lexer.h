// lexer.h: the words of PTX text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pg::ptx {

// A word keeps its dots ("ld.global.v4.f32", "%tid.x"); a directive starts with one.
class Lexer {
 public:
  explicit Lexer(std::string_view text, size_t at = 0, uint32_t line = 1);

  std::string_view token() const { return token_; }  // empty at the end
  bool done() const { return token_.empty(); }
  size_t begin() const { return begin_; }  // of the token in the text
  uint32_t line() const { return line_; }
  void advance();
  std::string take();
  void expect(std::string_view t);
  bool accept(std::string_view t);
  void skip_line();
  void skip_statement();
  void skip_braces();  // from one token to the end of the braces that it opens

 private:
  void skip_space();
  std::string_view text_, token_;
  size_t at_, begin_ = 0;
  uint32_t line_;
};

}  // namespace pg::ptx
