// speeds.h: images per second of networks on a device: kept from an earlier run, or measured.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "model/device/device_choice.h"
#include "model/plan/kept_speed.h"

namespace pg::apps {

// Measures on a backend of its own, so that nothing of it remains in the run. Speeds are kept in
// the cache folder of the data sets, unless other programs used the processors at that time.
class Speeds {
 public:
  // `quiet`: nothing is printed.
  Speeds(const DeviceChoice& device, bool quiet) : device_(device), quiet_(quiet) {}

  // `config`, here and below: resolved, with its precision. Opens the device.
  Backend& backend(const Config& config);

  // Bytes that are free on the device; all of a GPU that is not here.
  int64_t free_bytes(const Config& config);

  // All resolutions, kept, or as many as can be measured in 20 seconds. Throws UsageError for a GPU
  // that is not here.
  Speed of(const Config& config);
  // Kept, or of the resolutions that can be measured in two seconds. Nothing for a run so short
  // that measuring would take longer.
  Speed at_once(const Config& config);
  // Kept for all resolutions, else nothing.
  Speed kept(const Config& config);
  // Measured by another caller.
  void keep(const Config& config, const Speed& speed);

 private:
  std::filesystem::path file(const Config& config);  // without a folder: nothing can be kept
  Speed found(const Config& config);                 // of some resolutions, perhaps of none

  DeviceChoice device_;
  bool quiet_;
  bool said_ = false, busy_ = false;
  std::map<std::filesystem::path, Speed> measured_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace pg::apps
