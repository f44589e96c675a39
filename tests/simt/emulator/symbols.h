// symbols.h: the symbols that this program's .cu files define, by its own (unstripped) file.
#pragma once

#include <functional>

#include "tests/hardware/program_symbols.h"

namespace pg::simt {

using hardware::demangled;
using hardware::Symbol;
using hardware::SymbolKind;

// Calls `see` for each of them; for none if the file cannot be read.
void visit_kernel_symbols(const std::function<void(const Symbol&)>& see);

// The mangled name of a kernel; "" if it is unknown. The pointer stays valid.
const char* kernel_name(const void* kernel);

}  // namespace pg::simt
