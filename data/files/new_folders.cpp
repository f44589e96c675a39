// new_folders.cpp: mkdir from the outermost missing folder inwards; rmdir, which only removes empty
// folders, in the opposite order.
#include "data/files/new_folders.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "data/files/io_error.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;

std::string dangling_link(const fs::path& path) {
  fs::path at;
  std::error_code error;
  for (const fs::path& part : path.lexically_normal()) {
    at /= part;
    if (!fs::is_symlink(fs::symlink_status(at, error)) || fs::exists(at, error)) continue;
    return message("'", at.string(), "' is a link to '", fs::read_symlink(at, error).string(),
                   "', which does not exist; create that folder, mount its disk, or choose another "
                   "name");
  }
  return "";
}

NewFolders::NewFolders(const fs::path& folder, const fs::path& target) {
  fs::path at;
  for (const fs::path& part : folder.lexically_normal()) {
    at /= part;
    if (part.empty() || part == ".") continue;
    if (::mkdir(at.c_str(), 0777) == 0) {
      created_.push_back(at);
      continue;
    }
    // An existing folder may be one that does not allow new ones.
    int error = errno;
    struct stat status = {};
    if (::stat(at.c_str(), &status) == 0) {
      if (S_ISDIR(status.st_mode)) continue;
      error = ENOTDIR;
    }
    if (const std::string link = dangling_link(at); !link.empty()) throw IoError(link);
    if (!target.empty()) throw_io_error("write", target, error);
    throw IoError(message("cannot use '", folder.string(),
                          "': ", std::generic_category().message(error),
                          "; check the path and its permissions"));
  }
}

NewFolders::~NewFolders() {
  for (auto folder = created_.rbegin(); folder != created_.rend(); ++folder) {
    ::rmdir(folder->c_str());
  }
}

}  // namespace pg
