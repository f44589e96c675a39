// commands.h: the subcommands of progan_cuda, one file each.
//
// add_X adds command X and its options to the parser; its callback runs the command. Errors are
// thrown: a UsageError ends the program with exit code 2, any other Error with 1.
#pragma once

#include <CLI/CLI.hpp>

namespace pg::apps {

void add_train(CLI::App& app);
void add_plan(CLI::App& app);
void add_generate(CLI::App& app);
void add_export(CLI::App& app);
void add_dataset(CLI::App& app);
void add_cache(CLI::App& app);
void add_config(CLI::App& app);
void add_import(CLI::App& app);
void add_interpolate(CLI::App& app);
void add_timelapse(CLI::App& app);
void add_info(CLI::App& app);
void add_runs(CLI::App& app);
void add_gradcheck(CLI::App& app);
void add_selftest(CLI::App& app);

}  // namespace pg::apps
