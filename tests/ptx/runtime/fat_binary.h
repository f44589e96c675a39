// fat_binary.h: the PTX that nvcc has put into a program.
#pragma once

#include <memory>
#include <string>

#include "tests/ptx/interpreter/module.h"

namespace pg::ptx {

class FatBinary {
 public:
  explicit FatBinary(const char* data) : data_(data) {}
  Module& module();  // made on first use

 private:
  std::string text() const;
  const char* data_;
  std::unique_ptr<Module> module_;
};

}  // namespace pg::ptx
