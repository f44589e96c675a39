// main.cpp: progan_cuda: trains Progressive GANs and generates images with them.
//
// Exit codes: 0 success, 1 failure, 2 wrong usage.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string_view>

#include "apps/command_line/arguments.h"
#include "apps/command_line/completion.h"
#include "apps/command_line/help.h"
#include "apps/command_line/manual.h"
#include "apps/commands.h"
#include "apps/failed_training.h"
#include "apps/stop_signals.h"
#include "data/files/output.h"
#include "data/files/shown.h"
#include "kernels/error.h"
#include "model/config/version.h"
#include "model/run/terminal.h"

namespace {

constexpr const char* kDescription =
    "Trains Progressive Growing GANs (Karras et al., 2018) on a folder of images and generates "
    "new ones.";
constexpr const char* kFooter =
    "progan_cuda help COMMAND prints the options of a command. Examples:\n\n"
    "  progan_cuda train my-photos           train; sample images appear in runs/\n"
    "  progan_cuda generate 0 --out new.png  generate images with run 0\n"
    "  progan_cuda train --resume            resume the newest run";

// Messages quote names and values from outside, and are one line.
int fail(int code, std::string_view what) {
  const std::string line = pg::message("progan_cuda: ", pg::shown_whole(what), "\n");
  pg::write_message(pg::wants_colour(STDERR_FILENO) ? pg::coloured(line) : line);
  return code;
}

// Runs the command. The texts of --help and --version are printed here.
void parse(pg::apps::Command& app, int argc, char** argv) {
  const auto text = app.parse(pg::apps::checked_arguments(app, {argv + 1, argv + argc}));
  if (text) pg::write_output(*text);
}

// Waiting OpenMP threads spin 300,000 times by default. Next to other busy programs that takes
// cores away from the threads that compute: training took 74 s instead of 25 s with 1,000 spins. On
// an idle machine it took 11.4 s instead of 11.8 s (14.5 s without any spinning). OpenMP reads the
// variable when it is loaded, so the program restarts itself; if that fails, it continues
// unchanged.
void let_waiting_threads_sleep(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  if (::setenv("GOMP_SPINCOUNT", "1000", 1) == 0) ::execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
  let_waiting_threads_sleep(argv);
  pg::prepare_output();
  pg::apps::watch_stop_signals();
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is then an error like a full disk
  pg::apps::Command app(kDescription, "progan_cuda");
  app.set_help_flag("-h,--help", "print this help");
  pg::apps::use_own_help(app);
  app.require_subcommand(1);
  app.take_last();
  app.set_version_flag("--version", pg::message("progan_cuda ", pg::kProgramVersion),
                       "print the version");
  pg::apps::add_train(app);
  pg::apps::add_plan(app);
  pg::apps::add_generate(app);
  pg::apps::add_interpolate(app);
  pg::apps::add_timelapse(app);
  pg::apps::add_export(app);
  pg::apps::add_dataset(app);
  pg::apps::add_cache(app);
  pg::apps::add_config(app);
  pg::apps::add_import(app);
  pg::apps::add_info(app);
  pg::apps::add_runs(app);
  pg::apps::add_gradcheck(app);
  pg::apps::add_selftest(app);
  pg::apps::add_completion(app);
  pg::apps::add_man(app);
  pg::apps::add_help(app);
  pg::apps::add_repeat(app);
  app.footer(kFooter);  // after the commands, which would all take it over
  try {
    if (argc < 2) {
      pg::write_message(app.help());
      return 2;
    }
    parse(app, argc, argv);
    pg::finish_output();
    return 0;
  } catch (const pg::apps::ParseError& e) {
    return fail(2, pg::message(e.what(), " (see progan_cuda --help)"));
  } catch (const pg::UsageError& e) {
    return fail(2, e.what());
  } catch (const std::bad_alloc&) {
    return fail(
        1, "out of memory; use a smaller minibatch, for example --set schedule.max_minibatch=8");
  } catch (const std::filesystem::filesystem_error& e) {
    return fail(1, pg::message("cannot use '", e.path1().string(), "': ", e.code().message(),
                               "; check the path and its permissions"));
  } catch (const std::exception& e) {
    return fail(1, e.what());
  }
}
