// name_hash.h: a hash of lists of names and options, for fingerprints and cache keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pg {

// FNV-1a, 64 bits: distinguishes lists of names and options; not cryptographic.
class NameHash {
 public:
  // Each part ends with a zero byte, so ("ab", "c") and ("a", "bc") differ.
  void add(std::string_view text);
  void add(int64_t number) { add(std::to_string(number)); }
  std::string hex() const;  // 16 digits

 private:
  uint64_t state_ = 0xcbf29ce484222325u;
};

}  // namespace pg
