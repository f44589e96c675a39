// shared_variables.cpp: finds the __shared__ variables, which are mutable function-local statics
// here.
//
// The ELF symbol table of the (unstripped) program lists them after the STT_FILE symbol of their
// .cu file. A separate section would be simpler, but GCC 12 drops the section attribute on statics
// of templates, and AddressSanitizer adds no redzones in user sections.
#include "tests/simt/emulator/shared_variables.h"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>

namespace pg::simt {
namespace {

// This program's file, mapped during the object's lifetime; empty if it cannot be read.
class ProgramFile {
 public:
  ProgramFile() {
    const int file = open("/proc/self/exe", O_RDONLY);
    struct stat status {};
    if (file < 0 || fstat(file, &status) != 0) return;
    bytes_ = static_cast<size_t>(status.st_size);
    data_ = mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
  }
  ~ProgramFile() {
    if (data_ != MAP_FAILED) munmap(data_, bytes_);
  }
  ProgramFile(const ProgramFile&) = delete;
  ProgramFile& operator=(const ProgramFile&) = delete;

  template <typename T>
  std::span<const T> array(size_t offset, size_t count) const {
    if (data_ == MAP_FAILED) return {};
    return {reinterpret_cast<const T*>(static_cast<const char*>(data_) + offset), count};
  }
  std::span<const Elf64_Shdr> sections() const {
    const auto header = array<Elf64_Ehdr>(0, 1);
    if (header.empty()) return {};
    return array<Elf64_Shdr>(header[0].e_shoff, header[0].e_shnum);
  }

 private:
  void* data_ = MAP_FAILED;
  size_t bytes_ = 0;
};

// The program's load offset.
uintptr_t load_bias() {
  uintptr_t bias = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* result) {
        *static_cast<uintptr_t*>(result) = info->dlpi_addr;
        return 1;  // the program comes first
      },
      &bias);
  return bias;
}

std::string readable_name(const char* symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> whole(
      abi::__cxa_demangle(symbol, nullptr, nullptr, &status), std::free);
  std::string name = whole ? whole.get() : symbol;
  if (const size_t colons = name.rfind("::"); colons != name.npos) name = name.substr(colons + 2);
  return name;
}

bool is_function_static(const Elf64_Sym& symbol, std::string_view name,
                        std::span<const Elf64_Shdr> sections) {
  return ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT &&
         ELF64_ST_BIND(symbol.st_info) == STB_LOCAL && name.starts_with("_ZZ") &&
         symbol.st_size != 0 && symbol.st_shndx < sections.size() &&
         (sections[symbol.st_shndx].sh_flags & SHF_WRITE) != 0;
}

std::vector<SharedVariable> find_variables() {
  const ProgramFile program;
  const auto sections = program.sections();
  const uintptr_t bias = load_bias();
  std::vector<SharedVariable> found;
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_SYMTAB) continue;
    const Elf64_Shdr& names = sections[section.sh_link];
    const char* const strings = program.array<char>(names.sh_offset, names.sh_size).data();
    bool of_kernel_file = false;
    for (const Elf64_Sym& symbol :
         program.array<Elf64_Sym>(section.sh_offset, section.sh_size / sizeof(Elf64_Sym))) {
      const char* const name = strings + symbol.st_name;
      if (ELF64_ST_TYPE(symbol.st_info) == STT_FILE) {
        of_kernel_file = std::string_view(name).ends_with(".cu");
      } else if (of_kernel_file && is_function_static(symbol, name, sections)) {
        found.push_back({bias + symbol.st_value, symbol.st_size, readable_name(name)});
      }
    }
  }
  return found;
}

}  // namespace

const std::vector<SharedVariable>& shared_variables() {
  static const std::vector<SharedVariable> variables = find_variables();
  return variables;
}

// In assembly, since AddressSanitizer intercepts memset and would check the redzones in between.
void poison_shared_variables() {
  for (const SharedVariable& v : shared_variables()) {
    auto* p = reinterpret_cast<void*>(v.address);
    size_t bytes = v.bytes;
    asm volatile("rep stosb" : "+D"(p), "+c"(bytes) : "a"(0xFF) : "memory");
  }
}

}  // namespace pg::simt
