// names.cpp: registers, addresses, labels and parameters by name.
#include <algorithm>
#include <cctype>

#include "tests/ptx/interpreter/body.h"

namespace pg::ptx {
namespace {

constexpr std::string_view kSpecials[] = {"%tid.x",       "%tid.y",
                                          "%tid.z",       "%ntid.x",
                                          "%ntid.y",      "%ntid.z",
                                          "%ctaid.x",     "%ctaid.y",
                                          "%ctaid.z",     "%nctaid.x",
                                          "%nctaid.y",    "%nctaid.z",
                                          "%laneid",      "%warpid",
                                          "%nwarpid",     "%lanemask_lt",
                                          "%lanemask_le", "%lanemask_gt",
                                          "%lanemask_ge", "%lanemask_eq",
                                          "%smid",        "%nsmid",
                                          "%clock",       "%clock64",
                                          "%gridid",      "%dynamic_smem_size"};

}  // namespace

int BodyParser::special(const std::string& name) {
  const auto it = body_.specials.find(name);
  if (it != body_.specials.end()) return it->second;
  if (std::find(std::begin(kSpecials), std::end(kSpecials), name) == std::end(kSpecials)) return -1;
  const int id = body_.new_register(name == "%clock64" ? 8 : 4);
  body_.specials[name] = id;
  return id;
}

// -1: not a register.
int BodyParser::register_of(const std::string& name) {
  size_t digits = name.size();
  while (digits > 0 && std::isdigit(static_cast<unsigned char>(name[digits - 1])) != 0) --digits;
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    const auto single = scope->single.find(name);
    if (single != scope->single.end()) return single->second;
    if (digits == name.size()) continue;
    const auto range = scope->ranges.find(name.substr(0, digits));
    if (range == scope->ranges.end()) continue;
    const int n = std::stoi(name.substr(digits));
    if (n < range->second.second) return range->second.first + n;
  }
  const int id = special(name);
  if (id < 0 && name.starts_with('%')) fail("unknown register '" + name + "'");
  return id;
}

// The address of a variable in its own state space.
bool BodyParser::address_of(const std::string& name, int64_t& address) {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    const auto it = scope->addresses.find(name);
    if (it == scope->addresses.end()) continue;
    address = it->second;
    return true;
  }
  if (const auto it = module_.globals.find(name); it != module_.globals.end()) {
    address = static_cast<int64_t>(it->second);
    return true;
  }
  const auto it = module_.shared.find(name);
  if (it == module_.shared.end()) return false;
  if (it->second.open) body_.dynamic_shared = true;
  address = it->second.open ? kDynamicPlaceholder : body_.add_shared(name, it->second);
  return true;
}

// Labels are those of the function, also inside of blocks.
size_t BodyParser::label(const std::string& name) {
  auto& labels = scopes_[frame_].labels;
  const auto it = labels.find(name);
  if (it != labels.end()) return it->second;
  body_.label_at.push_back(-1);
  body_.label_names.push_back(name);
  return labels[name] = body_.label_at.size() - 1;
}

const BodyParser::CallParameter* BodyParser::call_parameter(const std::string& name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    const auto it = scope->call_params.find(name);
    if (it != scope->call_params.end()) return &it->second;
  }
  return nullptr;
}

int BodyParser::call_slot(const CallParameter& parameter, int64_t offset, uint8_t width) {
  const auto slot = parameter->find(offset);
  if (slot == parameter->end()) return (*parameter)[offset] = body_.new_register(width);
  body_.widths[static_cast<size_t>(slot->second)] = width;
  return slot->second;
}

}  // namespace pg::ptx
