// kernel_name.h: names of kernels as the table of machine code has them, and what they tell.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pg::bench {

// "fprop_kernel<__nv_bfloat16, FpropTile<128, 256, 2, 4, 1, 100>, (TapPattern)0>"
struct KernelName {
  std::string text;
  std::string family;          // "fprop_kernel"
  bool bf16 = false;           // a template argument is bf16
  std::vector<int> numbers{};  // template arguments that are numbers or enumerators, in order

  // Number i; throws Error if there are fewer.
  int number(size_t i) const;
};

KernelName parse_kernel_name(std::string_view text);

// The name of the kernel with this host function, from the symbol table of the program; "" if it is
// unknown, as in a stripped program.
std::string name_of_kernel(const void* kernel);

}  // namespace pg::bench
