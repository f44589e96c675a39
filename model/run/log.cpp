// log.cpp: the log of a run, in log.txt and on the console.
#include "model/run/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <mutex>
#include <utility>

#include "kernels/error.h"

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

std::shared_ptr<spdlog::sinks::sink> file_sink(const std::filesystem::path& file) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string());
    sink->set_pattern("%Y-%m-%d %H:%M:%S %l: %v");
    return sink;
  } catch (const spdlog::spdlog_ex& error) {
    throw IoError(message("cannot write the log '", file.string(), "': ", error.what()));
  }
}

}  // namespace

std::shared_ptr<spdlog::logger> make_logger(const std::filesystem::path& file, LineWriter console) {
  auto logger = std::make_shared<spdlog::logger>("progan_cuda", file_sink(file));
  if (console) logger->sinks().push_back(std::make_shared<LineSink>(console));
  logger->set_level(spdlog::level::info);
  logger->flush_on(spdlog::level::info);
  // A failing log must not end a run of days.
  logger->set_error_handler([console](const std::string& error) {
    if (console) console("warning: cannot write the log: " + error);
  });
  return logger;
}

}  // namespace pg
