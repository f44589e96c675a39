// shared_library.h: a shared library that is looked for when the program runs, and typed access to its
// functions.
//
// Linking cuBLASLt and cuDNN would cost 70 ms and 200 MB at each start and stop programs where they
// are not installed; looked for, their absence is a sentence.
#pragma once

#include <string>
#include <vector>

namespace pg::cuda {

class Library {
 public:
  // Opens the first of `names` ("libcudnn.so.9") that is found, trying all names in one place
  // before the next: the folders of PROGAN_CUDA_LIBRARIES (separated by colons), wherever the
  // system's loader looks, then the folders where the CUDA Toolkit and Python packages usually put
  // it. An open library stays open until the program ends: the CUDA libraries do not survive
  // dlclose().
  explicit Library(const std::vector<std::string>& names);

  explicit operator bool() const { return handle_ != nullptr; }
  // What was opened, as the loader was asked for it; empty if nothing was.
  const std::string& path() const { return path_; }
  // Why nothing was opened, as a sentence without a full stop; empty if something was.
  const std::string& reason() const { return reason_; }

  // function = the address of `name`: find(api.create, "cudnnCreate"). False, and a reason that
  // says so, where the library is not open or has no such function.
  template <typename Function>
  bool find(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(address_of(name));
    return function != nullptr;
  }

 private:
  void* address_of(const char* name);

  void* handle_ = nullptr;
  std::string path_, reason_;
};

// The folders that are tried after the system's loader: those that exist, in order.
std::vector<std::string> usual_library_folders();

}  // namespace pg::cuda
