// symbols.h: the symbols that this program's .cu files define, by its own (unstripped) file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace pg::simt {

enum class SymbolKind : uint8_t { function, writable_data };

struct Symbol {
  SymbolKind kind;
  bool local;         // to its file
  const char* name;   // mangled; valid during the call
  uintptr_t address;  // in this process
  size_t bytes;
};

// Calls `see` for each of them; for none if the file cannot be read.
void visit_kernel_symbols(const std::function<void(const Symbol&)>& see);

// The name as written in the source, with template arguments and parameters.
std::string demangled(const char* name);

// The mangled name of a kernel; "" if it is unknown. The pointer stays valid.
const char* kernel_name(const void* kernel);

}  // namespace pg::simt
