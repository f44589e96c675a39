// shared_library_test.cpp: the folders searched for a shared library, and the messages if it is not
// found.
#include "kernels/cuda/vendor/shared_library.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cuda/environment.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;
using cuda::SharedLibrary;

// Folders with links to the system's math library under other names.
class LibraryFolders : public ::testing::Test {
 protected:
  void SetUp() override {
    void* const handle = dlopen("libm.so.6", RTLD_NOW);
    ASSERT_NE(handle, nullptr);
    Dl_info info{};
    ASSERT_NE(dladdr(dlsym(handle, "cbrt"), &info), 0);
    system_ = fs::canonical(info.dli_fname);
  }

  std::string folder(const std::string& name) const { return (root_.path() / name).string(); }
  std::string put(const std::string& in, const std::string& name) {
    fs::create_directories(folder(in));
    fs::create_symlink(system_, folder(in) + "/" + name);
    return folder(in) + "/" + name;
  }

  TestFolder root_;
  fs::path system_;
};

// Sets the variable with the folders.
struct Folders : Variable {
  explicit Folders(const std::string& list) : Variable("PROGAN_CUDA_LIBRARIES", list) {}
};

TEST_F(LibraryFolders, AreSearchedInTheirOrder) {
  const std::string first = put("a", "libboth.so.1"), second = put("b", "libsecond.so.1");
  put("b", "libboth.so.1");
  const Folders both(folder("a") + ":" + folder("b"));
  EXPECT_EQ(SharedLibrary({"libboth.so.1"}).path(), first);
  EXPECT_EQ(SharedLibrary({"libsecond.so.1"}).path(), second);
}

TEST_F(LibraryFolders, ComeBeforeTheLoader) {
  {
    const Folders none("");
    EXPECT_EQ(SharedLibrary({"libm.so.6"}).path(), "libm.so.6");
  }
  const std::string own = put("a", "libm.so.6");
  const Folders one(folder("a"));
  EXPECT_EQ(SharedLibrary({"libm.so.6"}).path(), own);
}

TEST_F(LibraryFolders, WithoutTheLibraryFallBackToTheLoader) {
  put("a", "libother.so.1");
  const Folders others(":" + folder("a") + ":" + folder("nonexistent"));
  EXPECT_EQ(SharedLibrary({"libm.so.6"}).path(), "libm.so.6");
}

TEST_F(LibraryFolders, NewerNamesComeFirstWithinAFolder) {
  const std::string newer = put("a", "libfake.so.13");
  put("a", "libfake.so.12");
  const std::string older = put("b", "libfake.so.12");
  {
    const Folders one(folder("a"));
    EXPECT_EQ(SharedLibrary({"libfake.so.13", "libfake.so.12"}).path(), newer);
  }
  const Folders both(folder("b") + ":" + folder("a"));
  EXPECT_EQ(SharedLibrary({"libfake.so.13", "libfake.so.12"}).path(), older);
}

TEST_F(LibraryFolders, OfAPythonEnvironmentComeLast) {
  const std::string found = put("lib/python3.11/site-packages/nvidia/fake/lib", "libfake.so.1");
  {
    const Variable environment("VIRTUAL_ENV", root_.path().string());
    EXPECT_EQ(SharedLibrary({"libfake.so.1"}).path(), found);
  }
  EXPECT_FALSE(SharedLibrary({"libfake.so.1"}));
}

TEST(SharedLibrary, GivesTypedFunctions) {
  SharedLibrary library({"libm.so.6"});
  ASSERT_TRUE(library);
  double (*root)(double) = nullptr;
  ASSERT_TRUE(library.find(root, "sqrt"));
  EXPECT_EQ(root(9.0), 3.0);
  EXPECT_EQ(library.reason(), "");
}

TEST(SharedLibrary, MissingLibraryIsReported) {
  SharedLibrary library({"libabsent.so.9", "libabsent.so.8"});
  EXPECT_FALSE(library);
  EXPECT_NE(library.reason().find("libabsent.so.9 was not found"), std::string::npos);
  EXPECT_NE(library.reason().find("PROGAN_CUDA_LIBRARIES"), std::string::npos);
  void (*function)() = nullptr;
  EXPECT_FALSE(library.find(function, "anything"));
  EXPECT_NE(library.reason().find("was not found"), std::string::npos);
}

TEST(SharedLibrary, MissingFunctionIsReported) {
  SharedLibrary library({"libm.so.6"});
  void (*function)() = nullptr;
  EXPECT_FALSE(library.find(function, "cudnnCreate"));
  EXPECT_NE(library.reason().find("has no function cudnnCreate"), std::string::npos);
}

}  // namespace
}  // namespace pg::test
