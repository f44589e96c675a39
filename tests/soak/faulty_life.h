// faulty_life.h: runs a training program and disturbs it: signals, full disks, damaged files.
#pragma once

#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace pg::test {

// A child process.
class Child {
 public:
  // Output goes to the file `screen`. `file_limit`, if not 0, limits the size in bytes of the files
  // it writes (a substitute for a full disk).
  Child(const std::string& program, const std::vector<std::string>& arguments,
        const std::filesystem::path& folder, const std::filesystem::path& screen,
        int64_t file_limit = 0);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool running();
  void signal(int number) const;
  // Exit status as in a shell: 128 + signal if it was killed.
  int wait();
  // Waits until it ends, `seconds` have passed or `done` is true; true if it is still running.
  bool run_for(double seconds, const std::function<bool()>& done = {});

 private:
  int pid_ = -1;
  int status_ = -1;
};

// Mounts a disk of a few megabytes at `folder`, visible only to this process and its children.
// False with the reason if the system does not allow it.
bool mount_small_disk(const std::filesystem::path& folder, int64_t bytes, std::string& reason);

// Fills the disk that holds `file` to the last byte.
void fill_disk(const std::filesystem::path& file);

// Truncates the file at a random place, or flips a random bit of it.
void damage(const std::filesystem::path& file, std::mt19937_64& random);

}  // namespace pg::test
