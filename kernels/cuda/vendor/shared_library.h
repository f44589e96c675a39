// shared_library.h: a shared library opened at run time, with typed access to its functions.
//
// Linking cuBLASLt and cuDNN would cost 70 ms and 200 MB at each start, and the program would not
// start without them. Opened at run time, a missing library is only a message.
#pragma once

#include <string>
#include <vector>

namespace pg::cuda {

class SharedLibrary {
 public:
  // Opens the first of `names` ("libcudnn.so.9") that is found. All names are tried in one place
  // before the next: the folders of PROGAN_CUDA_LIBRARIES (separated by colons), the system
  // loader's search path, then the usual folders of the CUDA Toolkit and of Python packages. The
  // library stays open until the program ends: the CUDA libraries do not survive dlclose().
  explicit SharedLibrary(const std::vector<std::string>& names);

  explicit operator bool() const { return handle_ != nullptr; }
  // The path or name passed to the loader; empty if no library was opened.
  const std::string& path() const { return path_; }
  // Why no library was opened or a function is missing, without a full stop; else empty.
  const std::string& reason() const { return reason_; }

  // function = the address of `name`: find(api.create, "cudnnCreate"). False if the library is not
  // open or has no such function; reason() says which.
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

// The folders tried after the system's loader: those that exist, in order.
std::vector<std::string> usual_library_folders();

}  // namespace pg::cuda
