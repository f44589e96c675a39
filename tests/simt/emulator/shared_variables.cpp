// shared_variables.cpp: finds the __shared__ variables, which are mutable function-local statics
// here.
//
// A separate section would be simpler, but GCC 12 drops the section attribute on statics of
// templates, and AddressSanitizer adds no redzones in user sections.
#include "tests/simt/emulator/shared_variables.h"

#include <string_view>

#include "tests/simt/emulator/symbols.h"

namespace pg::simt {
namespace {

std::string readable_name(const char* symbol) {
  std::string name = demangled(symbol);
  if (const size_t colons = name.rfind("::"); colons != name.npos) name = name.substr(colons + 2);
  return name;
}

std::vector<SharedVariable> find_variables() {
  std::vector<SharedVariable> found;
  visit_kernel_symbols([&](const Symbol& s) {
    const bool function_static = s.kind == SymbolKind::writable_data && s.local &&
                                 std::string_view(s.name).starts_with("_ZZ");
    if (function_static) found.push_back({s.address, s.bytes, readable_name(s.name)});
  });
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
