// name_hash.cpp: FNV-1a and its digits.
#include "data/files/name_hash.h"

#include "data/files/hex.h"

namespace pg {

void NameHash::add(std::string_view text) {
  constexpr uint64_t kPrime = 0x100000001b3u;
  for (const char c : text) state_ = (state_ ^ static_cast<unsigned char>(c)) * kPrime;
  state_ *= kPrime;
}

std::string NameHash::hex() const { return hex_digits(state_, 16); }

}  // namespace pg
