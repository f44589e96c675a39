// log.h: the log of a run, in log.txt and wherever a person reads along.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

namespace spdlog {
class logger;
}

namespace pg {

// Takes lines without their end. Progress::print is one, so that a bar and the log do not mix.
using LineWriter = std::function<void(std::string_view)>;

// A logger that appends to `file`, with time and level, each line at once, and passes lines on to
// `console` unless it is empty, warnings as "warning: ...". Lines below `info` go nowhere. Throws
// IoError where the file cannot be opened.
std::shared_ptr<spdlog::logger> make_logger(const std::filesystem::path& file, LineWriter console);

// Writes lines to the standard error stream.
LineWriter standard_error();

}  // namespace pg
