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

DeviceName require_device(std::string_view text) {
  const std::optional<DeviceName> name = parse_device(text);
  PG_CHECK(name, UsageError, "unknown device '", text, "': expected ", kDeviceNames);
  return *name;
}

}  // namespace pg
