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
// `console` unless it is empty, warnings as "warning: ...". Lines below `info` are dropped. A
// deleted file is made again. Throws IoError if the file cannot be opened. Text is escaped as in
// data/files/shown.h.
std::shared_ptr<spdlog::logger> make_logger(const std::filesystem::path& file, LineWriter console);

// False if the file holds text, but not one line as `make_logger` writes them. Throws IoError.
bool is_log(const std::filesystem::path& file);

}  // namespace pg
