// faulty_life.h: runs a training program and disturbs it: signals, full disks, damaged files.
#pragma once

#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace pg::test {

// The surroundings of a child process.
struct Surroundings {
  int64_t file_limit = 0;  // if not 0: bytes of the longest file it can write, like a full disk
  bool own_pids = false;   // it is process 1 of its own namespace, as in a container
  bool pipe = false;       // its output goes into a pipe instead of a file
};

// A child process.
class Child {
 public:
  // Output goes to the file `screen`.
  Child(const std::string& program, const std::vector<std::string>& arguments,
        const std::filesystem::path& folder, const std::filesystem::path& screen,
        const Surroundings& around = {});
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool running();
  void signal(int number) const;
  // Ends the reader of the pipe: the next output fails.
  void close_pipe();
  // Exit status as in a shell: 128 + signal if it was killed; kNoNamespaces if `own_pids` is not
  // permitted here.
  int wait();
  // Waits until it ends, `seconds` have passed or `done` is true; true if it is still running.
  bool run_for(double seconds, const std::function<bool()>& done = {});

  static constexpr int kNoNamespaces = 125;

 private:
  int pid_ = -1;
  int pipe_ = -1;  // its reading end
  int status_ = -1;
};

// Mounts a disk of a few megabytes at `folder`, visible only to this process and its children.
// False with the reason if the system does not allow it.
bool mount_small_disk(const std::filesystem::path& folder, int64_t bytes, std::string& reason);

// A number from the environment.
int64_t number_from(const char* name, int64_t otherwise);

// Fills the disk that holds `file` to the last byte.
void fill_disk(const std::filesystem::path& file);

// Truncates the file at a random place, or flips a random bit of it.
void damage(const std::filesystem::path& file, std::mt19937_64& random);

}  // namespace pg::test
