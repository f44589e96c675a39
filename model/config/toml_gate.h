// toml_gate.h: the limits of configuration texts, checked before toml++ sees them.
//
// toml++ recurses over nested tables, and its limit counts brackets alone: a key of 100,000 parts
// makes as many tables, which overflow the stack when they are destroyed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pg {

struct TomlError {
  int64_t line = 0;
  std::string reason;
};

// Throws TomlError for a text that is too long, nests brackets too deeply or has a key of too many
// parts (data/files/limits.h).
void check_toml(std::string_view text);

}  // namespace pg
