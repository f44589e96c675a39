// program.h: the frame of a benchmark's main function.
#pragma once

#include <exception>
#include <functional>
#include <string>

#include "apps/command_line/command.h"

namespace pg::bench {

// Parses the arguments, calls `work`, and returns the exit code: 1 for an error or if standard
// output could not be written, 2 for wrong usage.
int run_program(apps::Command& app, int argc, char** argv, const std::function<int()>& work);

// Prints the message of an exception and returns the exit code.
int report_error(const std::string& program, const std::exception& error);

}  // namespace pg::bench
