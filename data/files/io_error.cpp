// io_error.cpp: the system's error message, with advice.
#include "data/files/io_error.h"

#include <cerrno>
#include <system_error>

#include "kernels/error.h"

namespace pg {

void throw_io_error(const char* doing, const std::filesystem::path& path, int error) {
  const char* advice = "check the path";
  if (error == EACCES || error == EPERM || error == EROFS) advice = "check the permissions";
  if (error == ENOSPC || error == EDQUOT) advice = "free some space or choose another folder";
  if (error == EFBIG) advice = "raise the file size limit or choose another folder";
  throw IoError(message("cannot ", doing, " ", path.string(), ": ",
                        std::generic_category().message(error), "; ", advice));
}

}  // namespace pg
