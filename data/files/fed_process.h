// fed_process.h: a program of the system that reads what this one writes, such as an encoder.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "data/files/file_handle.h"

namespace pg {

class FedProcess {
 public:
  // Starts `program`, found in PATH, without a shell and in a process group of its own: a Ctrl-C is
  // for this program, which then completes the input. No other file of this process is open in it.
  // Throws UsageError("WHAT needs the program X, ...; ADVICE") if it is not there, else IoError.
  FedProcess(const std::string& program, const std::vector<std::string>& arguments,
             const std::string& what, const std::string& advice);
  ~FedProcess();  // kills it if it runs
  FedProcess(const FedProcess&) = delete;
  FedProcess& operator=(const FedProcess&) = delete;

  // To its standard input. False if it reads no more, since it has failed or ended.
  bool write(std::span<const std::byte> bytes);

  // Ends its input and waits for its end. True for exit code 0.
  bool finish();

  // The last line that it printed to standard error, "" for none.
  std::string last_line() const;

 private:
  pid_t pid_ = -1;  // -1: it has ended
  FileHandle input_, messages_;
};

}  // namespace pg
