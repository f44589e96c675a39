// sass_test.cpp: the machine code of the tensor-core kernels contains the intended instructions.
//
// A cubin is an ELF file with one code section per kernel; since Volta an instruction has 16 bytes,
// and its low 12 bits are the operation.
#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace pg::test {
namespace {

enum Operation : uint32_t {
  kTensorProduct = 0x23c,  // HMMA, from mma.sync
  kLoadFragments = 0x83b,  // LDSM, from ldmatrix
  kCopyToShared = 0xfae,   // LDGSTS, from cp.async
  kLoadFromLocal = 0x983,  // LDL: a spill, or an array that is not in registers
  kStoreToLocal = 0x387,   // STL
};

using Counts = std::map<uint32_t, int64_t>;

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

template <typename T>
T at(const std::string& file, size_t offset) {
  T value;
  EXPECT_LE(offset + sizeof(T), file.size());
  std::memcpy(&value, file.data() + offset, sizeof(T));
  return value;
}

// Operations of each kernel of a cubin.
std::map<std::string, Counts> kernels_of(const std::string& path) {
  const std::string file = read_file(path);
  std::map<std::string, Counts> kernels;
  const auto header = at<Elf64_Ehdr>(file, 0);
  const auto section = [&](size_t i) {
    return at<Elf64_Shdr>(file, header.e_shoff + i * header.e_shentsize);
  };
  const Elf64_Shdr names = section(header.e_shstrndx);
  for (size_t i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr s = section(i);
    const std::string name = file.data() + names.sh_offset + s.sh_name;
    if (!name.starts_with(".text.")) continue;
    for (size_t offset = 0; offset + 16 <= s.sh_size; offset += 16) {
      ++kernels[name.substr(6)][at<uint32_t>(file, s.sh_offset + offset) & 0xfffu];
    }
  }
  return kernels;
}

struct Cubin {
  const char *name, *kernel;  // kernel: part of the names to check
  bool fragments;             // whether ldmatrix supports this element type
};

class Sass : public testing::TestWithParam<Cubin> {};

TEST_P(Sass, HasTensorProductsFedByAsynchronousCopies) {
  const Cubin& cubin = GetParam();
  int64_t found = 0;
  for (auto& [name, counts] : kernels_of(std::string(PG_CUBIN_FOLDER "/") + cubin.name)) {
    if (name.find(cubin.kernel) == std::string::npos) continue;
    ++found;
    EXPECT_GT(counts[kTensorProduct], 0) << name;
    EXPECT_GT(counts[kCopyToShared], 0) << name;
    EXPECT_TRUE(!cubin.fragments || counts[kLoadFragments] > 0) << name;
    EXPECT_EQ(counts[kLoadFromLocal] + counts[kStoreToLocal], 0) << name << " uses local memory";
  }
  EXPECT_GT(found, 0) << "no kernel with this name in " << cubin.name;
}

INSTANTIATE_TEST_SUITE_P(Kernels, Sass,
                         testing::Values(Cubin{"fprop_plain_bf16.cubin", "fprop", true},
                                         Cubin{"fprop_plain_tf32.cubin", "fprop", true},
                                         Cubin{"fprop_strip_bf16.cubin", "fprop_strip", true},
                                         Cubin{"wgrad_bf16.cubin", "wgrad", true},
                                         Cubin{"wgrad_tf32.cubin", "wgrad", false}),
                         [](const auto& c) {
                           return std::string(c.param.name, std::strchr(c.param.name, '.'));
                         });

}  // namespace
}  // namespace pg::test
