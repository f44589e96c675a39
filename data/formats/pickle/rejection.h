// rejection.h: rejection of files of other programs: a reason inside the readers, one FormatError
// outside.
#pragma once

#include <string>

#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg::foreign {

using pg::shown;

// A reason without the file name, which naming_file() adds.
struct Rejection {
  std::string reason;
  std::string advice = "download or export it again";
};

template <typename... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) throw Rejection{message(parts...)};
}

// Runs f() and turns a Rejection into FormatError("cannot import 'NAME': REASON; ADVICE").
template <typename F>
decltype(auto) naming_file(const std::string& name, F&& f) {
  try {
    return f();
  } catch (const Rejection& rejection) {
    throw FormatError(
        message("cannot import '", name, "': ", rejection.reason, "; ", rejection.advice));
  }
}

}  // namespace pg::foreign
