// selftest_kernels_test.cpp: the selftest launches every kernel of the program.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <sstream>

#include "model/selftest/child.h"
#include "tests/simt/emulator/symbols.h"
#include "tests/simt/host/test.h"

namespace pg::test {
namespace {

// "fprop_kernel" of "void pg::cuda::(anonymous namespace)::fprop_kernel<float, ...>(...)"; empty if
// it is no kernel.
std::string short_name(const std::string& name) {
  const size_t end = name.find("_kernel");
  if (end == std::string::npos) return "";
  const size_t colons = name.rfind("::", end);
  const size_t begin = colons == std::string::npos ? 0 : colons + 2;
  const std::string rest = name.substr(end + 7, 1);
  if (name.find("anonymous namespace") == std::string::npos || (rest != "<" && rest != "("))
    return "";
  return name.substr(begin, end + 7 - begin);
}

std::set<std::string> all_kernels() {
  std::set<std::string> names;
  simt::visit_kernel_symbols([&](const simt::Symbol& s) {
    if (s.kind != simt::SymbolKind::function) return;
    const std::string name = simt::demangled(s.name);
    const bool is_lambda = name.find("{lambda") != std::string::npos;
    if (!is_lambda && !short_name(name).empty()) names.insert(name);
  });
  return names;
}

// A kernel without a check would be used unchecked on each new GPU.
TEST(SelftestKernels, EveryKernelIsLaunched) {
  setenv("PROGAN_SELFTEST_WORK", "4e6", 1);
  std::ostringstream failures;
  bool done = false;
  selftest::run_child({.device = "cuda", .extent = selftest::Extent::quick},
                      [&](const std::string& line) {
                        if (line.find("\"failed\"") != std::string::npos) failures << line << "\n";
                        done = done || line.find("\"done\"") != std::string::npos;
                      });
  unsetenv("PROGAN_SELFTEST_WORK");
  EXPECT_EQ(failures.str(), "");
  EXPECT_TRUE(done);
  const std::set<std::string> launched = simt::launched_kernels();
  // Of these, every instantiation: each is a tile.
  const std::set<std::string> tensor_families = {"fprop_kernel", "fprop_strip_kernel",
                                                 "wgrad_kernel", "tensor_matmul_kernel"};
  std::set<std::string> families, launched_families;
  for (const std::string& name : all_kernels()) families.insert(short_name(name));
  for (const std::string& name : launched) launched_families.insert(short_name(name));
  EXPECT_GE(families.size(), 30u);
  for (const std::string& name : families) {
    EXPECT_TRUE(launched_families.contains(name)) << name << " has no check in model/selftest";
  }
  for (const std::string& name : all_kernels()) {
    if (!tensor_families.contains(short_name(name))) continue;
    EXPECT_TRUE(launched.contains(name)) << name << " has no check in model/selftest";
  }
  if (std::getenv("PROGAN_LIST_KERNELS") == nullptr) return;
  for (const std::string& name : all_kernels()) {
    std::printf("%s %s\n", launched.contains(name) ? "launched" : "-", name.c_str());
  }
}

}  // namespace
}  // namespace pg::test
