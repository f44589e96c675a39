// build_messages.h: messages on standard error while a data set is built or checked.
#pragma once

#include <functional>

#include "data/sets/build.h"

namespace pg::apps {

// A progress line that starts with `what`, redrawn in place; empty if standard error is not a
// terminal.
std::function<void(const BuildProgress&)> build_progress(const char* what);

// Lists at most ten of the images that were skipped.
void print_skipped(const Manifest& manifest);

}  // namespace pg::apps
