// lexer.cpp: words, strings, single signs; comments and spaces are skipped.
#include "tests/ptx/interpreter/lexer.h"

#include <algorithm>
#include <cctype>

#include "tests/ptx/interpreter/code.h"

namespace pg::ptx {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '%';
}

uint32_t lines_in(std::string_view text) {
  return static_cast<uint32_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

Lexer::Lexer(std::string_view text, size_t at, uint32_t line) : text_(text), at_(at), line_(line) {
  advance();
}

void Lexer::skip_space() {
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '\n') ++line_;
    if (text_.substr(at_, 2) == "//") {
      at_ = std::min(text_.find('\n', at_), text_.size()) - 1;
    } else if (text_.substr(at_, 2) == "/*") {
      const size_t end = text_.find("*/", at_ + 2);
      line_ += lines_in(text_.substr(at_, end - at_));
      at_ = std::min(end, text_.size() - 1) + 1;
    } else if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      return;
    }
  }
}

void Lexer::advance() {
  skip_space();
  const size_t begin = at_;
  begin_ = begin;
  token_ = {};
  if (at_ >= text_.size()) return;
  const char c = text_[at_];
  if (is_word(c) || c == '.') {
    while (at_ < text_.size() &&
           (is_word(text_[at_]) || text_[at_] == '.' || text_.substr(at_, 2) == "::" ||
            (text_[at_] == ':' && text_[at_ - 1] == ':'))) {
      ++at_;
    }
  } else if (c == '"') {
    at_ = std::min(text_.find('"', at_ + 1), text_.size() - 1) + 1;
  } else {
    ++at_;
  }
  token_ = text_.substr(begin, at_ - begin);
}

std::string Lexer::take() {
  std::string t(token_);
  advance();
  return t;
}

void Lexer::expect(std::string_view t) {
  if (token_ != t) {
    fail("line " + std::to_string(line_) + ": expected \"" + std::string(t) + "\", got \"" +
         std::string(token_) + "\"");
  }
  advance();
}

bool Lexer::accept(std::string_view t) {
  if (token_ != t) return false;
  advance();
  return true;
}

void Lexer::skip_line() {
  at_ = std::min(text_.find('\n', begin_), text_.size());
  advance();
}

void Lexer::skip_statement() {
  const size_t end = std::min(text_.find(';', begin_), text_.size());
  line_ += lines_in(text_.substr(at_, end - at_));
  at_ = end;
  advance();
}

void Lexer::skip_braces() {
  int depth = 0;
  do {
    if (token_ == "{") ++depth;
    if (token_ == "}") --depth;
    advance();
  } while (depth > 0 && !done());
}

}  // namespace pg::ptx
