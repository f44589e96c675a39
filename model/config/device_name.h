// device_name.h: the names of devices: auto, cpu, cuda and cuda:I.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pg {

enum class DeviceKind { automatic, cpu, cuda };

struct DeviceName {
  DeviceKind kind = DeviceKind::automatic;
  int index = 0;  // of the GPU
};

inline constexpr std::string_view kDeviceNames = "auto, cpu, cuda or cuda:I";

// "auto" (a GPU if one is available, else the CPU), "cpu", "cuda" (GPU 0) or "cuda:I" with I from 0
// to 9999; nothing for any other text. Whether the GPU exists is not checked here.
std::optional<DeviceName> parse_device(std::string_view text);

// The name that was probably meant, such as cuda:1 for "gpu:1", "CUDA1" or "1"; empty: none.
std::string similar_device(std::string_view text);

// The same as parse_device, but throws UsageError for any other text: "unknown device 'gpu':
// expected ...; did you mean cuda?".
DeviceName require_device(std::string_view text);

}  // namespace pg
