// profile.cpp: the table of emulated GPUs, and the settings of the environment.
#include "tests/simt/host/profile.h"

#include <cstdio>
#include <cstdlib>

#include "tests/simt/emulator/grid.h"
#include "tests/simt/host/state.h"

namespace pg::simt {
namespace {

constexpr int kKilobyte = 1 << 10;

[[noreturn]] void stop(const char* variable, const std::string& value, const char* expected) {
  std::fprintf(stderr, "simt: %s: expected %s, got '%s'\n", variable, expected, value.c_str());
  std::exit(2);
}

std::string value_of(const char* variable, const char* usual) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? usual : value;
}

}  // namespace

const std::vector<DeviceProfile>& device_profiles() {
  static const std::vector<DeviceProfile> profiles = {
      {"small", 4, 227 * kKilobyte, 9, 0},     {"t4", 40, 64 * kKilobyte, 7, 5},
      {"rtx3090", 82, 99 * kKilobyte, 8, 6},   {"a100", 108, 163 * kKilobyte, 8, 0},
      {"h100", 132, 227 * kKilobyte, 9, 0},    {"b200", 148, 227 * kKilobyte, 10, 0},
      {"rtx5090", 170, 99 * kKilobyte, 12, 0},
  };
  return profiles;
}

const DeviceProfile& device_profile(const std::string& name) {
  for (const DeviceProfile& p : device_profiles()) {
    if (name == p.name) return p;
  }
  stop("PROGAN_SIMT_DEVICE", name, "the name of a profile in tests/simt/host/profile.cpp");
}

const std::vector<DeviceProfile>& devices() { return host().devices; }
void set_devices(std::vector<DeviceProfile> devices) { host().devices = std::move(devices); }
void set_driver_version(int version) { host().driver = version; }

void read_environment(HostState& state) {
  const DeviceProfile& device = device_profile(value_of("PROGAN_SIMT_DEVICE", "small"));
  state.devices = {device};
  const std::string mma = value_of("PROGAN_SIMT_MMA", "rounded");
  if (mma == "truncated") {
    constexpr int kAmpere = 8;
    set_tensor_core(device.major == kAmpere ? TensorCore::ampere : TensorCore::hopper);
  } else if (mma != "rounded") {
    stop("PROGAN_SIMT_MMA", mma, "rounded or truncated");
  }
  const std::string streams = value_of("PROGAN_SIMT_STREAMS", "at_once");
  if (streams == "at_once") return;
  unsigned long long seed = 0;
  char rest = 0;
  if (std::sscanf(streams.c_str(), "late:%llu%c", &seed, &rest) != 1) {
    stop("PROGAN_SIMT_STREAMS", streams, "at_once or late:SEED");
  }
  state.order = StreamOrder::late;
  seed_choices(seed);
}

}  // namespace pg::simt
