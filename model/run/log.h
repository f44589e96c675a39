// log.h: the log of a run, in log.txt and on the console.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

namespace spdlog {
class logger;
}

namespace pg {

// Receives lines without their newline. Progress::print is one: it keeps the bar below the log.
using LineWriter = std::function<void(std::string_view)>;

// A logger that appends to `file`, with time and level, flushing each line, and passes lines to
// `console` unless it is empty, warnings as "warning: ...". Lines below `info` are dropped. Throws
// IoError if the file cannot be opened.
std::shared_ptr<spdlog::logger> make_logger(const std::filesystem::path& file, LineWriter console);

}  // namespace pg
