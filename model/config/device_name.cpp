// device_name.cpp: parses the names of devices.
#include "model/config/device_name.h"

#include <charconv>

#include "kernels/error.h"

namespace pg {

std::optional<DeviceName> parse_device(std::string_view text) {
  constexpr std::string_view kCuda = "cuda:";
  if (text == "auto") return DeviceName{};
  if (text == "cpu") return DeviceName{.kind = DeviceKind::cpu};
  if (text == "cuda") return DeviceName{.kind = DeviceKind::cuda};
  if (!text.starts_with(kCuda)) return std::nullopt;
  const std::string_view digits = text.substr(kCuda.size());
  const bool all_digits = digits.find_first_not_of("0123456789") == std::string_view::npos;
  if (digits.empty() || digits.size() > 4 || !all_digits) return std::nullopt;
  DeviceName name{.kind = DeviceKind::cuda};
  std::from_chars(digits.data(), digits.data() + digits.size(), name.index);
  return name;
}

std::string similar_device(std::string_view text) {
  std::string name;
  for (const char c : text) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  std::string_view rest = name;  // behind the word for a GPU: "", "1" or ":1"
  for (const std::string_view gpu : {"gpu", "nvidia", "cuda"}) {
    if (name.starts_with(gpu)) rest = std::string_view(name).substr(gpu.size());
  }
  const bool number = !rest.empty() && rest.find_first_not_of("0123456789") == rest.npos;
  const bool gpu = number || rest.size() < name.size();
  const std::string meant = gpu ? message("cuda", number ? ":" : "", rest) : name;
  return parse_device(meant) ? meant : "";
}

DeviceName require_device(std::string_view text) {
  const std::optional<DeviceName> name = parse_device(text);
  if (name) return *name;
  const std::string meant = similar_device(text);
  throw UsageError(message("unknown device '", text, "': expected ", kDeviceNames,
                           meant.empty() ? "" : message("; did you mean ", meant, "?")));
}

}  // namespace pg
