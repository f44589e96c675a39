// io_error.h: a failed system call as an IoError.
#pragma once

#include <filesystem>

namespace pg {

// Throws IoError("cannot DOING PATH: ERRNO TEXT; ADVICE").
[[noreturn]] void throw_io_error(const char* doing, const std::filesystem::path& path, int error);

}  // namespace pg
