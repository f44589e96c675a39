// log.cpp: the log of a run, in log.txt and on the console.
#include "model/run/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <mutex>
#include <sstream>
#include <utility>

#include "data/files/read_file.h"
#include "data/files/shown.h"
#include "kernels/error.h"
#include "model/run/append_file.h"

namespace pg {

namespace {

class LineSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LineSink(LineWriter writer) : writer_(std::move(writer)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    const std::string_view text(line.payload.data(), line.payload.size());
    if (line.level >= spdlog::level::err) {
      writer_(message("error: ", text));
    } else if (line.level == spdlog::level::warn) {
      writer_(message("warning: ", text));
    } else {
      writer_(text);
    }
  }
  void flush_() override {}

 private:
  LineWriter writer_;
};

// Messages quote names and values from outside; each is one line of the log.
class SafeLogger : public spdlog::logger {
 public:
  using spdlog::logger::logger;

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    const std::string text = shown_whole({line.payload.data(), line.payload.size()});
    spdlog::details::log_msg safe = line;
    safe.payload = text;
    spdlog::logger::sink_it_(safe);
  }
};

// Each line is one write. A deleted file is made again, which its first line and the console say.
class FileSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  FileSink(const std::filesystem::path& file, LineWriter console)
      : file_(file), console_(std::move(console)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    try {
      if (file_.find_again()) {
        const std::string gone =
            message(file_.path().filename().string(), " was deleted; earlier lines are lost");
        write(spdlog::details::log_msg(line.logger_name, spdlog::level::warn, gone));
        if (console_) console_("warning: " + gone);
      }
      write(line);
    } catch (const Error& error) {
      throw spdlog::spdlog_ex(error.what());
    }
  }
  void flush_() override {}

 private:
  void write(const spdlog::details::log_msg& line) {
    spdlog::memory_buf_t text;
    formatter_->format(line, text);
    file_.append({text.data(), text.size()});
  }

  AppendFile file_;
  LineWriter console_;
};

std::shared_ptr<spdlog::sinks::sink> file_sink(const std::filesystem::path& file,
                                               LineWriter console) {
  auto sink = std::make_shared<FileSink>(file, std::move(console));
  sink->set_pattern("%Y-%m-%d %H:%M:%S %l: %v");
  return sink;
}

}  // namespace

std::shared_ptr<spdlog::logger> make_logger(const std::filesystem::path& file, LineWriter console) {
  auto logger = std::make_shared<SafeLogger>("progan_cuda", file_sink(file, console));
  if (console) logger->sinks().push_back(std::make_shared<LineSink>(console));
  logger->set_level(spdlog::level::info);
  logger->flush_on(spdlog::level::info);
  // A failing log must not end a run of days.
  logger->set_error_handler([console](const std::string& error) {
    if (console) console("warning: cannot write the log: " + error);
  });
  return logger;
}

bool is_log(const std::filesystem::path& file) {
  check_regular(file);
  if (!std::filesystem::exists(file)) return true;
  constexpr int64_t kEnough = 64 << 10;
  const std::vector<uint8_t> start = read_file_start(file, kEnough);
  if (start.empty()) return true;
  // "2018-02-26 12:00:00 info: "; of earlier programs too.
  const std::string_view shape = "dddd-dd-dd dd:dd:dd ";
  std::istringstream lines(std::string(start.begin(), start.end()));
  for (std::string line; std::getline(lines, line);) {
    bool same = line.size() > shape.size();
    for (size_t i = 0; same && i < shape.size(); ++i) {
      same = shape[i] == 'd' ? line[i] >= '0' && line[i] <= '9' : line[i] == shape[i];
    }
    if (!same) continue;
    for (const char* level : {"info: ", "warning: ", "error: ", "critical: "}) {
      if (std::string_view(line).substr(shape.size()).starts_with(level)) return true;
    }
  }
  return false;
}

}  // namespace pg
