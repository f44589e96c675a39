// report.h: ends a kernel that breaks a rule, with a report.
//
// The stack of a faulting thread is never unwound, so reports are built without heap memory.
#pragma once

#include <source_location>

namespace pg::simt {

using Loc = std::source_location;

struct Text {
  char chars[768];
};

// As printf.
Text text(const char* format, ...) __attribute__((format(printf, 1, 2)));

// "conv.cu:12".
Text place(const Loc& loc);

// The running thread and its block: "thread (1,0,0) [warp 0 lane 1] of block (0,0,0)"; "host".
Text running_thread();

// Ends the kernel: its launch returns cudaErrorLaunchFailure, and last_fault() the text. Outside a
// kernel it ends the program.
[[noreturn]] void fail(const Text& what);

// The same, with the place and the running thread.
[[noreturn]] void fail_at(const Loc& loc, const Text& what);

}  // namespace pg::simt
