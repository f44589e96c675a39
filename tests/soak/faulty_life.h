// faulty_life.h: one life of a training program: started, disturbed after a while, and what is left
// of its run damaged.
#pragma once

#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace pg::test {

// A program that runs beside the test.
class Child {
 public:
  // `arguments` as to a shell; screen output goes to the file `screen`. The limit in bytes, if not
  // 0, is that of the files it writes (a stand-in for a full disk).
  Child(const std::string& program, const std::vector<std::string>& arguments,
        const std::filesystem::path& folder, const std::filesystem::path& screen,
        int64_t file_limit = 0);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool running();
  void signal(int number) const;
  // Exit status as a shell gives it: 128 + signal for one that was killed.
  int wait();
  // Until it ends, `seconds` are over or `done`; whether it still runs.
  bool run_for(double seconds, const std::function<bool()>& done = {});

 private:
  int pid_ = -1;
  int status_ = -1;
};

// A disk of a few megabytes at `folder`, seen by this process and its children alone; false with
// the reason where the system does not let us.
bool mount_small_disk(const std::filesystem::path& folder, int64_t bytes, std::string& reason);

// Fills the disk that holds `file` to the last byte.
void fill_disk(const std::filesystem::path& file);

// Cuts the file short at a random place, or turns a random bit of it.
void damage(const std::filesystem::path& file, std::mt19937_64& random);

}  // namespace pg::test
