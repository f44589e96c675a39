// build_messages.h: messages on standard error while a data set is built or checked.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/sets/build.h"
#include "data/sets/dataset.h"

namespace pg::apps {

// A progress line that starts with `what`, redrawn in place; empty if standard error is not a
// terminal.
std::function<void(const BuildProgress&)> build_progress(const char* what);

// The sentences of a source about its files.
void print_notes(const ImageSource& source);

// "2 classes: cats (30), dogs (25)"; empty without classes.
std::string classes_text(const Dataset& dataset);

// Sentences about settings that would suit the images better.
void print_advice(const std::vector<std::string>& advice);

// Lists at most ten of the images that were skipped.
void print_skipped(const Manifest& manifest);

}  // namespace pg::apps
