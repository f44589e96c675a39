// program.h: runs progan_cuda in a temporary folder.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/paths.h"

namespace pg::test {

struct Outcome {
  int code = -1;
  std::string out, err;
};

// A temporary folder, removed at the end: the working folder and cache of the program.
class Sandbox {
 public:
  Sandbox() {
    std::string name = (std::filesystem::temp_directory_path() / "progan-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Sandbox() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  // Runs `BEFORE progan_cuda ARGUMENTS` through the shell, which interprets redirections as well.
  Outcome run(const std::string& arguments, const std::string& before = "") const {
    const std::string command = "cd '" + path_.string() + "' && XDG_CACHE_HOME=cache " + before +
                                " '" + program() + "' " + arguments + " >out.txt 2>err.txt";
    const int status = std::system(command.c_str());
    return {.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            .out = read("out.txt"),
            .err = read("err.txt")};
  }

  std::string read(const std::string& name) const {
    std::ifstream in(path_ / name, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }

 private:
  std::filesystem::path path_;
};

// A network and schedule so small that training all stages up to 8x8 takes a second.
// Options in `more` take the place of those here.
inline std::string tiny(const std::string& more = "") {
  std::string command = "train ";
  for (const char* option : {"--data builtin:shapes:64", "--resolution 8", "--kimg 0.128"}) {
    const std::string word(option, std::string_view(option).find(' '));
    if (more.find(word) == std::string::npos) command += std::string(option) + " ";
  }
  return command +
         "--set model.fmap_base=32 "
         "--set model.latent_size=8 --set schedule.lod_training_kimg=0.032 "
         "--set schedule.lod_transition_kimg=0.032 --set schedule.max_minibatch=8 "
         "--set schedule.minibatch_repeats=1 --set schedule.tick_kimg_base=0.032 "
         "--set 'schedule.tick_kimg={}' --set train.image_grid=2x2 " +
         more;
}

}  // namespace pg::test
