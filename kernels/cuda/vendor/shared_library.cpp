// shared_library.cpp: dlopen, in the order documented in shared_library.h.
#include "kernels/cuda/vendor/shared_library.h"

#include <dlfcn.h>
#include <glob.h>

#include <cstdlib>
#include <sstream>

#include "kernels/error.h"

namespace pg::cuda {
namespace {

constexpr const char* kVariable = "PROGAN_CUDA_LIBRARIES";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> given_folders() {
  std::vector<std::string> folders;
  std::istringstream list(environment(kVariable));
  for (std::string folder; std::getline(list, folder, ':');) {
    if (!folder.empty()) folders.push_back(folder);
  }
  return folders;
}

// Opens the first of the names that exists, in each place in turn.
void* open_first(const std::vector<std::string>& places, const std::vector<std::string>& names,
                 std::string& path) {
  for (const std::string& place : places) {
    for (const std::string& name : names) {
      path = place.empty() ? name : place + "/" + name;
      if (void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return handle;
    }
  }
  path.clear();
  return nullptr;
}

}  // namespace

std::vector<std::string> usual_library_folders() {
  std::vector<std::string> patterns;
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"}) {
    const std::string root = environment(variable);
    if (!root.empty()) patterns.push_back(root + "/lib64");
  }
  patterns.push_back("/usr/local/cuda/lib64");
  const auto python = [&](const std::string& root, const char* packages) {
    patterns.push_back(root + "/lib/python3*/" + packages + "/nvidia/*/lib");
  };
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    const std::string root = environment(variable);
    if (!root.empty()) python(root, "site-packages");
  }
  const std::string home = environment("HOME");
  if (!home.empty()) python(home + "/.local", "site-packages");
  python("/usr/local", "dist-packages");
  python("/usr/local", "site-packages");

  std::vector<std::string> folders;
  for (const std::string& pattern : patterns) {
    glob_t found{};
    if (glob(pattern.c_str(), GLOB_ONLYDIR, nullptr, &found) == 0) {
      folders.insert(folders.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    globfree(&found);
  }
  return folders;
}

SharedLibrary::SharedLibrary(const std::vector<std::string>& names) {
  handle_ = open_first(given_folders(), names, path_);
  if (handle_ == nullptr) handle_ = open_first({""}, names, path_);
  if (handle_ != nullptr) return;
  // Kept, since "found, but one of its own libraries is missing" says more than "not found".
  const char* error = dlerror();
  const std::string loader = error == nullptr ? "" : error;
  handle_ = open_first(usual_library_folders(), names, path_);
  if (handle_ != nullptr) return;
  reason_ = message(names.front(), " was not found (", loader,
                    "); install it or add its folder to ", kVariable);
}

void* SharedLibrary::address_of(const char* name) {
  if (handle_ == nullptr) return nullptr;
  void* address = dlsym(handle_, name);
  if (address == nullptr) {
    reason_ = message(path_, " has no function ", name, "; install a newer version");
  }
  return address;
}

}  // namespace pg::cuda
