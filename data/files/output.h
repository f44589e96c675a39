// output.h: standard output and standard error of a program.
//
// Standard output is the product of most commands: a full disk or a closed pipe behind it must end
// in an error, never in success.
#pragma once

#include <string_view>

namespace pg {

// To be called first in main. Standard files that the caller has closed are opened on /dev/null,
// because the next file that the program opens would take their place; writing to them still fails.
// A broken pipe becomes an error of the write instead of a signal that ends the program.
void prepare_output();

// Appends to standard output. Throws IoError.
void write_output(std::string_view text);

// Writes everything that is still buffered. Throws IoError if that fails, or if any earlier write
// to standard output failed.
void finish_output();

// Appends to standard error; failures are ignored, since there is no place to report them.
void write_message(std::string_view text);

}  // namespace pg
