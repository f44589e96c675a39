// outputs.h: the files and folders that a command writes, as its options name them.
//
// Everything is checked when an object is made, before a command starts its work, and again when a
// file is written. Missing folders are created, and removed if nothing is written.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apps/command_line/command.h"
#include "data/files/new_folders.h"
#include "data/files/output_path.h"

namespace pg::apps {

// A kind of output file: its usual endings and how files that this program wrote are recognised.
struct OutputKind {
  std::vector<std::string> endings;
  bool (*is_ours)(const std::filesystem::path&);
};

extern const OutputKind kPngFile, kNpyFile, kOnnxFile, kPthFile, kNetworkFile, kImportedFile,
    kReportFile, kImageFile, kImageZipFile, kModuleFile;

// Adds --force.
void add_force(Command& command, Force& force);

// Whether `path` ends with `ending`, such as ".png", in lower or upper case.
bool has_ending(const std::string& path, std::string_view ending);

// The file that `option` names. Throws UsageError if its ending belongs to another kind of file, or
// if something exists there that must not be replaced; IoError if a folder cannot be created.
class OutputFile {
 public:
  OutputFile(const char* option, const std::string& path, const OutputKind& kind, Force force);
  const OutputPath& path() const { return path_; }

  // Throws UsageError if it is the file `input`, which the command reads.
  void must_not_be(const std::string& input) const;

 private:
  NewFolders above_;
  OutputPath path_;
};

// The folder that `option` names, for files of this program. `instead` lists what else the option
// could name, such as ".png or .npy", for the message about a name with another ending.
class OutputFolder {
 public:
  OutputFolder(const char* option, const std::string& path, Force force,
               const std::string& instead = "");

  const std::filesystem::path& path() const { return path_; }

  // An image in it, PNG, JPEG or WebP. Throws UsageError if it exists and must not be replaced.
  OutputPath image(const std::string& name) const;

  // A PNG file in it. Throws UsageError if it exists and must not be replaced.
  OutputPath png(const std::string& name) const;

 private:
  std::filesystem::path path_;
  Force force_;
  NewFolders folders_;
};

// Throws UsageError if both options name one file. Either may be empty.
void must_differ(const char* option, const std::string& path, const char* other_option,
                 const std::string& other);

// Throws UsageError if `path` looks like the name of a file and is not a folder, or is a file.
void check_folder_name(const char* option, const std::string& path,
                       const std::string& instead = "");

}  // namespace pg::apps
