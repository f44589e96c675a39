// refusal.h: how the readers of foreign files say no: reasons inside, one FormatError outside.
#pragma once

#include <string>

#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg::foreign {

using pg::shown;

// A reason without the name of the file, which naming_file() adds.
struct Refusal {
  std::string reason;
  std::string advice = "download or export it again";
};

template <typename... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) throw Refusal{message(parts...)};
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
