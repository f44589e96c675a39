// new_folders.h: the missing folders of a path, which do not stay behind if nothing is put in them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace pg {

// Why `path` cannot be a folder: it, or a folder above it, is a link to something that does not
// exist. Empty: no such link.
std::string dangling_link(const std::filesystem::path& path);

class NewFolders {
 public:
  // Creates `folder` and the folders above it, as far as they are missing. Throws IoError,
  // which names `target`, a file to be written there, if one is given.
  explicit NewFolders(const std::filesystem::path& folder,
                      const std::filesystem::path& target = {});
  ~NewFolders();  // removes those that it created and that are still empty
  NewFolders(NewFolders&& other) noexcept = default;
  NewFolders& operator=(NewFolders&& other) = delete;

 private:
  std::vector<std::filesystem::path> created_;  // outermost first
};

}  // namespace pg
