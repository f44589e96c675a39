// program.cpp: arguments, errors and exit codes of the benchmarks.
#include "bench/program.h"

#include "data/files/output.h"
#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg::bench {

int report_error(const std::string& program, const std::exception& error) {
  write_message(message(program, ": ", shown_whole(error.what()), "\n"));
  return dynamic_cast<const UsageError*>(&error) != nullptr ? 2 : 1;
}

int run_program(apps::Command& app, int argc, char** argv, const std::function<int()>& work) {
  prepare_output();
  int code = 0;
  try {
    if (const auto help = app.parse({argv + 1, argv + argc})) {
      write_output(*help);
    } else {
      code = work();
    }
    finish_output();
    return code;
  } catch (const std::exception& e) {
    return report_error(app.get_name(), e);
  }
}

}  // namespace pg::bench
