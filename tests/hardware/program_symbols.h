// program_symbols.h: the symbols of this program by its own (unstripped) file. Kernels are in
// anonymous namespaces, so dladdr() does not know them.
#pragma once

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace pg::hardware {

enum class SymbolKind : uint8_t { function, writable_data };

struct Symbol {
  SymbolKind kind;
  bool local;          // to its source
  const char* name;    // mangled; valid during the call
  const char* source;  // name of the file that was compiled, without folders; "" if unknown
  uintptr_t address;   // in this process
  size_t bytes;
};

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
inline uintptr_t load_bias() {
  uintptr_t bias = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* result) {
        *static_cast<uintptr_t*>(result) = info->dlpi_addr;
        return 1;  // the program comes first
      },
      &bias);
  return bias;
}

inline bool is_function(const Elf64_Sym& symbol) {
  return ELF64_ST_TYPE(symbol.st_info) == STT_FUNC;
}

inline bool is_writable_data(const Elf64_Sym& symbol, std::span<const Elf64_Shdr> sections) {
  return ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT && symbol.st_size != 0 &&
         symbol.st_shndx < sections.size() && (sections[symbol.st_shndx].sh_flags & SHF_WRITE) != 0;
}

// Calls `see` for each function and writable variable; for none if the file cannot be read or is
// stripped. The table lists symbols after the STT_FILE symbol of their source.
inline void visit_program_symbols(const std::function<void(const Symbol&)>& see) {
  const ProgramFile program;
  const auto sections = program.sections();
  const uintptr_t bias = load_bias();
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_SYMTAB) continue;
    const Elf64_Shdr& names = sections[section.sh_link];
    const char* const strings = program.array<char>(names.sh_offset, names.sh_size).data();
    const char* source = "";
    for (const Elf64_Sym& symbol :
         program.array<Elf64_Sym>(section.sh_offset, section.sh_size / sizeof(Elf64_Sym))) {
      const char* const name = strings + symbol.st_name;
      if (ELF64_ST_TYPE(symbol.st_info) == STT_FILE) {
        source = name;
        continue;
      }
      const bool function = is_function(symbol);
      if (!function && !is_writable_data(symbol, sections)) continue;
      see({.kind = function ? SymbolKind::function : SymbolKind::writable_data,
           .local = ELF64_ST_BIND(symbol.st_info) == STB_LOCAL,
           .name = name,
           .source = source,
           .address = bias + symbol.st_value,
           .bytes = symbol.st_size});
    }
  }
}

// The name as written in the source, with template arguments and parameters.
inline std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> whole(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free);
  return whole ? whole.get() : name;
}

}  // namespace pg::hardware
