// refusal.h: how the readers of foreign files say no: reasons inside, one FormatError outside.
#pragma once

#include <string>
#include <string_view>

#include "kernels/error.h"

namespace pg::foreign {

// A reason without the name of the file, which naming_file() adds.
struct Refusal {
  std::string reason;
  std::string advice = "download or export it again";
};

template <typename... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) throw Refusal{message(parts...)};
}

// Text of a file as a message may hold it: printable ASCII, not long.
inline std::string shown(std::string_view text) {
  constexpr size_t kLongest = 80;
  std::string result;
  for (const char c : text.substr(0, kLongest)) result += c >= ' ' && c <= '~' ? c : '?';
  if (text.size() > kLongest) result += "...";
  return result;
}

// Runs f(); what it refuses becomes FormatError("cannot import 'NAME': REASON; ADVICE").
template <typename F>
decltype(auto) naming_file(const std::string& name, F&& f) {
  try {
    return f();
  } catch (const Refusal& refusal) {
    throw FormatError(
        message("cannot import '", name, "': ", refusal.reason, "; ", refusal.advice));
  }
}

}  // namespace pg::foreign
