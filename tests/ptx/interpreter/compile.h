// compile.h: the text of a kernel to its instructions.
#pragma once

#include "tests/ptx/interpreter/module_text.h"

namespace pg::ptx {

struct Kernel;
Kernel compile(const ModuleText& module, const Function& f);

}  // namespace pg::ptx
