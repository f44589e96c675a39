// kernel_name.cpp: reads names of kernels.
#include "bench/model/kernel_name.h"

#include <cctype>
#include <map>

#include "kernels/error.h"
#include "tests/hardware/launch_counters.h"
#include "tests/hardware/program_symbols.h"

namespace pg::bench {
namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool in_identifier(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::map<const void*, std::string> kernels_of_program() {
  std::map<const void*, std::string> names;
  hardware::visit_program_symbols([&](const hardware::Symbol& s) {
    if (s.kind != hardware::SymbolKind::function) return;
    if (std::string_view(s.name).find("_kernel") == std::string_view::npos) return;
    std::string name = hardware::short_kernel_name(hardware::demangled(s.name));
    names.emplace(reinterpret_cast<const void*>(s.address), std::move(name));
  });
  return names;
}

}  // namespace

int KernelName::number(size_t i) const {
  PG_CHECK(i < numbers.size(), Error, "model: expected more template arguments in ", text);
  return numbers[i];
}

KernelName parse_kernel_name(std::string_view text) {
  const size_t arguments = std::min(text.find('<'), text.size());
  KernelName name{.text = std::string(text), .family = std::string(text.substr(0, arguments))};
  name.bf16 = text.find("bfloat16", arguments) != std::string_view::npos;
  for (size_t i = arguments + 1; i < text.size(); ++i) {
    if (!is_digit(text[i]) || in_identifier(text[i - 1])) continue;
    int value = 0;
    for (; i < text.size() && is_digit(text[i]); ++i) value = 10 * value + (text[i] - '0');
    name.numbers.push_back(value);
  }
  return name;
}

std::string name_of_kernel(const void* kernel) {
  static const std::map<const void*, std::string> names = kernels_of_program();
  const auto it = names.find(kernel);
  return it == names.end() ? "" : it->second;
}

}  // namespace pg::bench
