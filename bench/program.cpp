// program.cpp: arguments, errors and exit codes of the benchmarks.
#include "bench/program.h"

#include <sstream>

#include "data/files/output.h"
#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg::bench {

int report_error(const std::string& program, const std::exception& error) {
  write_message(message(program, ": ", shown_whole(error.what()), "\n"));
  return dynamic_cast<const UsageError*>(&error) != nullptr ? 2 : 1;
}

int run_program(CLI::App& app, int argc, char** argv, const std::function<int()>& work) {
  prepare_output();
  int code = 0;
  try {
    try {
      app.parse(argc, argv);
      code = work();
    } catch (const CLI::Success& e) {  // --help
      std::ostringstream text;
      app.exit(e, text, text);
      write_output(text.str());
    }
    finish_output();
    return code;
  } catch (const CLI::ParseError& e) {
    report_error(app.get_name(), e);
    return 2;
  } catch (const std::exception& e) {
    return report_error(app.get_name(), e);
  }
}

}  // namespace pg::bench
