// symbols.cpp: chooses the symbols of kernels.
#include "tests/simt/emulator/symbols.h"

#include <map>
#include <string>
#include <string_view>

namespace pg::simt {

void visit_kernel_symbols(const std::function<void(const Symbol&)>& see) {
  hardware::visit_program_symbols([&](const Symbol& s) {
    if (std::string_view(s.source).ends_with(".cu")) see(s);
  });
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
