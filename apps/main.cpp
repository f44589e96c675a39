// main.cpp: progan_cuda: trains Progressive GANs and generates images with them.
//
// Exit codes: 0 success, 1 failure, 2 wrong usage.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>

#include "apps/commands.h"
#include "kernels/error.h"
#include "model/config/suggest.h"
#include "model/config/version.h"

namespace {

constexpr const char* kDescription =
    "Trains Progressive Growing GANs (Karras et al., 2018) on a folder of images and generates "
    "new\n"
    "ones.\n\n"
    "  progan_cuda train --data my-photos --resolution 64   train; sample images appear in runs/\n"
    "  progan_cuda generate --from 0 --out new.png          generate images with run 0\n"
    "  progan_cuda train --resume                           resume the newest run\n";

int fail(int code, const char* what) {
  std::fprintf(stderr, "progan_cuda: %s\n", what);
  return code;
}

// CLI11 itself would only report a missing subcommand.
void check_command(const CLI::App& app, const std::string& given) {
  if (given.starts_with("-")) return;
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == given) return;
    known.push_back(command->get_name());
  }
  pg::throw_unknown("command", given, known);
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
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is then an error like a full disk
  CLI::App app(kDescription, "progan_cuda");
  app.require_subcommand(1);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.set_version_flag("--version", pg::message("progan_cuda ", pg::kProgramVersion));
  pg::apps::add_train(app);
  pg::apps::add_plan(app);
  pg::apps::add_generate(app);
  pg::apps::add_interpolate(app);
  pg::apps::add_export(app);
  pg::apps::add_dataset(app);
  pg::apps::add_config(app);
  pg::apps::add_import(app);
  pg::apps::add_info(app);
  pg::apps::add_gradcheck(app);
  try {
    if (argc < 2) {
      std::fputs(app.help().c_str(), stderr);
      return 2;
    }
    check_command(app, argv[1]);
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    return fail(2, (std::string(e.what()) + " (see progan_cuda --help)").c_str());
  } catch (const pg::UsageError& e) {
    return fail(2, e.what());
  } catch (const std::bad_alloc&) {
    return fail(
        1, "out of memory; use a smaller minibatch, for example --set schedule.max_minibatch=8");
  } catch (const std::filesystem::filesystem_error& e) {
    return fail(1, pg::message("cannot use '", e.path1().string(), "': ", e.code().message(),
                               "; check the path and its permissions")
                       .c_str());
  } catch (const std::exception& e) {
    return fail(1, e.what());
  }
}
