// version.h: the version of the program, as printed by `--version` and stored in files.
#pragma once

namespace pg {

inline constexpr const char* kProgramVersion = "0.1.0";

}  // namespace pg
