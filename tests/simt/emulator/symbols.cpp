// symbols.cpp: reads the ELF symbol table, which lists symbols after the STT_FILE symbol of their
// source. Kernels are in anonymous namespaces, so dladdr() does not know them.
#include "tests/simt/emulator/symbols.h"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
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

bool is_function(const Elf64_Sym& symbol) { return ELF64_ST_TYPE(symbol.st_info) == STT_FUNC; }

bool is_writable_data(const Elf64_Sym& symbol, std::span<const Elf64_Shdr> sections) {
  return ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT && symbol.st_size != 0 &&
         symbol.st_shndx < sections.size() && (sections[symbol.st_shndx].sh_flags & SHF_WRITE) != 0;
}

}  // namespace

void visit_kernel_symbols(const std::function<void(const Symbol&)>& see) {
  const ProgramFile program;
  const auto sections = program.sections();
  const uintptr_t bias = load_bias();
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
        continue;
      }
      if (!of_kernel_file) continue;
      const bool function = is_function(symbol);
      if (!function && !is_writable_data(symbol, sections)) continue;
      see({.kind = function ? SymbolKind::function : SymbolKind::writable_data,
           .local = ELF64_ST_BIND(symbol.st_info) == STB_LOCAL,
           .name = name,
           .address = bias + symbol.st_value,
           .bytes = symbol.st_size});
    }
  }
}

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> whole(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free);
  return whole ? whole.get() : name;
}

const char* kernel_name(const void* kernel) {
  static const std::map<uintptr_t, std::string> names = [] {
    std::map<uintptr_t, std::string> found;
    visit_kernel_symbols([&](const Symbol& s) {
      if (s.kind == SymbolKind::function) found.emplace(s.address, s.name);
    });
    return found;
  }();
  const auto it = names.find(reinterpret_cast<uintptr_t>(kernel));
  return it == names.end() ? "" : it->second.c_str();
}

}  // namespace pg::simt
