// error.h: the error kinds of the project and the macros that raise them.
//
// Every message is one sentence: what is wrong, "expected X, got Y", what to do. Programs print
// `what()` and exit with code 1 (Error) or 2 (UsageError); libraries never print or exit.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace pg {

// Base class of every exception thrown by the project.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class ShapeError : public Error {  // extents that do not fit together
 public:
  using Error::Error;
};

class DTypeError : public Error {  // an element type that the operation does not support
 public:
  using Error::Error;
};

class DeviceError : public Error {  // a device call failed
 public:
  using Error::Error;
};

// A device failed in such a way that this process can no longer use it.
class DeviceFailure : public DeviceError {
 public:
  // "HAPPENED; ADVICE". `kernel`: that failed, if known.
  DeviceFailure(const std::string& happened, const std::string& advice, std::string kernel = "")
      : DeviceError(happened + "; " + advice),
        happened_(happened),
        advice_(advice),
        kernel_(std::move(kernel)) {}

  const std::string& happened() const { return happened_; }
  const std::string& advice() const { return advice_; }
  const std::string& kernel() const { return kernel_; }

 private:
  std::string happened_, advice_, kernel_;
};

class OutOfMemoryError : public DeviceError {  // a device has no memory left
 public:
  using DeviceError::DeviceError;
};

class DivergedError : public Error {  // training diverged and cannot continue by itself
 public:
  using Error::Error;
};

class IoError : public Error {  // a file or folder could not be read or written
 public:
  using Error::Error;
};

class FormatError : public Error {  // a file with unexpected or damaged contents
 public:
  using Error::Error;
};

class UsageError : public Error {  // a wrong option, key or value from the user
 public:
  using Error::Error;
};

// Concatenates its arguments with operator<<: message("batch ", n, " is not positive").
template <typename... Parts>
std::string message(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

}  // namespace pg

// Throws Kind(message(...)) unless `condition` holds. For conditions that input can violate.
#define PG_CHECK(condition, Kind, ...)                        \
  do {                                                        \
    if (!(condition)) throw Kind(::pg::message(__VA_ARGS__)); \
  } while (false)

// An internal invariant: the message names the line, since only a defect of the program breaks it.
#define PG_ASSERT(condition)                                                                   \
  do {                                                                                         \
    if (!(condition)) {                                                                        \
      throw ::pg::Error(                                                                       \
          ::pg::message(__FILE__, ":", __LINE__, ": internal error, not true: ", #condition)); \
    }                                                                                          \
  } while (false)
