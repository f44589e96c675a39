// version.h: the version of the program, as `--version` says it and files name it.
#pragma once

namespace pg {

inline constexpr const char* kProgramVersion = "0.1.0";

}  // namespace pg
