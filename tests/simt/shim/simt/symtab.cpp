// Finds the __shared__ variables: they are the function-local mutable statics of the .cu files,
// which the ELF symbol table of the (unstripped) test program lists after the STT_FILE symbol of
// their file.
#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstring>
#include <memory>
#include "simt/internal.h"

namespace simt {
static std::vector<SharedVar> scan() {
  std::vector<SharedVar> out;
  int fd = open("/proc/self/exe", O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st)) return out;
  auto* base = static_cast<const char*>(mmap(nullptr, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0));
  close(fd);
  auto* eh = reinterpret_cast<const Elf64_Ehdr*>(base);
  auto* sh = reinterpret_cast<const Elf64_Shdr*>(base + eh->e_shoff);
  uintptr_t bias = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* i, size_t, void* p) {
        *static_cast<uintptr_t*>(p) = i->dlpi_addr;
        return 1;
      },
      &bias);
  for (int i = 0; i < eh->e_shnum; ++i) {
    if (sh[i].sh_type != SHT_SYMTAB) continue;
    auto* sym = reinterpret_cast<const Elf64_Sym*>(base + sh[i].sh_offset);
    const char* str = base + sh[sh[i].sh_link].sh_offset;
    bool cu = false;
    for (size_t k = 0; k < sh[i].sh_size / sizeof *sym; ++k) {
      const char* name = str + sym[k].st_name;
      int type = ELF64_ST_TYPE(sym[k].st_info);
      if (type == STT_FILE) {
        size_t n = strlen(name);
        cu = n > 3 && !strcmp(name + n - 3, ".cu");
        continue;
      }
      bool local = ELF64_ST_BIND(sym[k].st_info) == STB_LOCAL;
      if (type != STT_OBJECT || strncmp(name, "_ZZ", 3) || (local && !cu) || !local ||
          !sym[k].st_size)
        continue;
      if (sym[k].st_shndx >= eh->e_shnum || !(sh[sym[k].st_shndx].sh_flags & SHF_WRITE)) continue;
      int ok;
      std::unique_ptr<char, void (*)(void*)> d(abi::__cxa_demangle(name, nullptr, nullptr, &ok),
                                               free);
      std::string n = d ? d.get() : name;
      if (auto p = n.rfind("::"); p != n.npos) n = n.substr(p + 2);
      out.push_back({bias + sym[k].st_value, sym[k].st_size, n});
    }
  }
  munmap(const_cast<char*>(base), st.st_size);
  return out;
}
const std::vector<SharedVar>& static_shared() {
  static const std::vector<SharedVar> v = scan();
  return v;
}
__attribute__((no_sanitize("address"))) void poison_static_shared() {
  for (auto& v : static_shared()) {
    void* p = reinterpret_cast<void*>(v.addr);
    size_t n = v.size;
    asm volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(0xFF) : "memory");
  }
}
}  // namespace simt
