// workshop.h: a folder in which every command of the program has work, among files of a user.
//
//   photos/        images of two classes
//   work/          what commands read: a checkpoint, weights of another program
//   out/           what commands write, and files of the user between them, whose names look like
//                  those of the program
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/apps/program.h"

namespace pg::test {

// A command and its result.
struct Job {
  std::string name;
  std::vector<std::string> arguments;
  std::string result;  // file or folder
  std::string input;   // file or folder that it reads
  double seconds = 0;  // that it takes undisturbed
};

// Contents by name relative to a folder, or of a single file under ""; nothing if it is missing.
// Of a data set folder, without dataset.json, which holds times of files.
using Contents = std::map<std::string, std::string>;
Contents contents_of(const std::filesystem::path& path);

class Workshop {
 public:
  // Makes everything and runs every job once, undisturbed.
  Workshop();

  const Sandbox& box() const { return box_; }
  std::vector<Job>& jobs() { return jobs_; }
  // The result of the undisturbed job.
  const Contents& expected(const Job& job) const { return expected_.at(job.name); }

  // The result of "build" from the photos that damage_input puts in place.
  const Contents& of_other_photos() const { return of_other_photos_; }
  // Whether out/ is a disk of its own.
  bool small_disk() const { return small_disk_; }

  // The files of the user, with their modes.
  Contents users_files() const;

  // Names in out/ that are neither results nor files of the user.
  std::vector<std::string> leftovers() const;

  // Puts a copy of the job's input as it was at the start in its place.
  void restore_input(const Job& job) const;
  // Other images in the place of the photos, or a file truncated at a share of its length.
  void damage_input(const Job& job, double share) const;

 private:
  void write_photos(const std::string& folder, uint64_t seed) const;
  void write_users_files() const;
  void add(const std::string& name, const std::string& arguments, const std::string& result,
           const std::string& input);

  Sandbox box_;
  std::vector<Job> jobs_;
  std::map<std::string, Contents> expected_;
  Contents of_other_photos_;
  bool small_disk_ = false;
};

}  // namespace pg::test
