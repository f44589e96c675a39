// mutate.h: mutations that keep the structure of a file, so that they reach past its checksums.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>
#include <string>

// libFuzzer's own mutation of bytes; returns the new size.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace pg::fuzz {

using Random = std::minstd_rand;

inline size_t below(Random& random, size_t count) { return count == 0 ? 0 : random() % count; }

// The text after one of libFuzzer's mutations; at most `most` bytes.
inline std::string mutated(std::string text, size_t most) {
  const size_t size = std::min(text.size(), most);
  text.resize(std::max(most, size_t{1}));
  text.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(text.data()), size, text.size()));
  return text;
}

// Writes the text to the buffer of LLVMFuzzerCustomMutator, cut to its capacity.
inline size_t give(const std::string& text, uint8_t* data, size_t capacity) {
  const size_t size = std::min(text.size(), capacity);
  std::memcpy(data, text.data(), size);
  return size;
}

// JSON: nests, repeats and removes values, and inserts tokens, mostly at the edges of values.
inline std::string mutated_json(std::string text, Random& random, size_t most) {
  constexpr const char* kTokens[] = {"[",           "]",
                                     "{",           "}",
                                     ",",           ":",
                                     "\"",          "\"a\":",
                                     "null",        "true",
                                     "-1",          "1e400",
                                     "0.0",         "1.0",
                                     "[1]",         "65536",
                                     "[0,1,0]",     "\\u0000",
                                     "[]",          "{\"\"",
                                     "\"",          "\"labels\":",
                                     "\"format\":", "\\",
                                     "\xff",        "99999999999999999999"};
  size_t at = below(random, text.size() + 1);
  if (below(random, 2) == 0) {  // an edge
    const size_t edge = text.find_first_of("[]{},:", at);
    if (edge != std::string::npos) at = edge;
  }
  switch (below(random, 5)) {
    case 0: {  // deeper, on either side of the limit
      const size_t depth = 1 + below(random, below(random, 8) == 0 ? most : 80);
      const bool object = below(random, 2) == 0;
      std::string open, close;
      for (size_t i = 0; i < depth; ++i) {
        open += object ? "{\"a\":" : "[";
        close += object ? "}" : "]";
      }
      text.insert(at, open + "0" + (below(random, 3) == 0 ? "" : close));
      break;
    }
    case 1:
      text.insert(at, kTokens[below(random, std::size(kTokens))]);
      break;
    case 2: {  // a piece again
      const std::string piece = text.substr(at, below(random, 40));
      for (size_t i = below(random, 8); i > 0; --i) text.insert(at, piece);
      break;
    }
    case 3:
      text.erase(at, 1 + below(random, 20));
      break;
    default:
      text = mutated(std::move(text), most);
  }
  if (text.size() > most) text.resize(most);
  return text;
}

}  // namespace pg::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed);
