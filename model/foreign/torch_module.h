// torch_module.h: the text of a Python module that computes our generators in PyTorch.
#pragma once

#include <string_view>

namespace pg {

// For any .pth file in this program's own layout (write_own_pth).
std::string_view torch_module();

}  // namespace pg
