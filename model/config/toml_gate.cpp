// toml_gate.cpp: brackets and dots outside of strings and comments.
#include "model/config/toml_gate.h"

#include <algorithm>

#include "data/files/limits.h"
#include "kernels/error.h"

namespace pg {
namespace {

class Gate {
 public:
  explicit Gate(std::string_view text) : text_(text) {}

  void run() {
    require(static_cast<int64_t>(text_.size()) <= limits::kTomlBytes, "more than ",
            limits::kTomlBytes, " bytes");
    while (at_ < text_.size()) step();
  }

 private:
  template <typename... Parts>
  void require(bool holds, const Parts&... parts) const {
    if (!holds) throw TomlError{line_, message(parts...)};
  }

  void step() {
    const char c = text_[at_];
    switch (c) {
      case '"':
      case '\'':
        skip_string(c);
        return;
      case '#':
        at_ = std::min(text_.find('\n', at_), text_.size());
        return;
      case '[':
      case '{':
        require(++depth_ <= limits::kTomlDepth, "brackets nested more than ", limits::kTomlDepth,
                " deep");
        dots_ = 0;
        break;
      case ']':
      case '}':
        depth_ = std::max(depth_ - 1, 0);
        dots_ = 0;
        break;
      case '.':
        require(++dots_ < limits::kTomlKeyParts, "a key of more than ", limits::kTomlKeyParts,
                " parts");
        break;
      case '\n':
        ++line_;
        dots_ = 0;
        break;
      case '=':
      case ',':
        dots_ = 0;
        break;
      default:
        break;
    }
    ++at_;
  }

  // Strings end as in TOML: at the same quote, or at the end of the line; after three quotes, at
  // the next three, of which two more may belong to the string.
  void skip_string(char quote) {
    const std::string three(3, quote);
    const bool long_string = text_.substr(at_, 3) == three;
    at_ += long_string ? 3 : 1;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n' && !long_string) return;
      if (c == '\n') ++line_;
      if (c == '\\' && quote == '"') {
        if (++at_ < text_.size() && text_[at_] == '\n') --at_;
      } else if (c == quote && !long_string) {
        ++at_;
        return;
      } else if (long_string && text_.substr(at_, 3) == three) {
        at_ += 3;
        for (int more = 0; more < 2 && at_ < text_.size() && text_[at_] == quote; ++more) ++at_;
        return;
      }
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  int64_t line_ = 1;
  int depth_ = 0, dots_ = 0;
};

}  // namespace

void check_toml(std::string_view text) { Gate(text).run(); }

}  // namespace pg
