// commands.h: the subcommands of progan_cuda, one file each.
//
// add_X adds command X and its options to the parser; its callback runs the command. Errors are
// thrown: a UsageError ends the program with exit code 2, any other Error with 1.
#pragma once

#include "apps/command_line/command.h"

namespace pg::apps {

void add_train(Command& app);
void add_plan(Command& app);
void add_generate(Command& app);
void add_export(Command& app);
void add_dataset(Command& app);
void add_cache(Command& app);
void add_config(Command& app);
void add_import(Command& app);
void add_interpolate(Command& app);
void add_timelapse(Command& app);
void add_info(Command& app);
void add_runs(Command& app);
void add_gradcheck(Command& app);
void add_selftest(Command& app);

}  // namespace pg::apps
