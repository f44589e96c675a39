// planted.cpp: PROGAN_SIMT_FAULT=KERNEL:FAULT[:COUNT].
#include "tests/simt/host/planted.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tests/simt/emulator/symbols.h"
#include "tests/simt/host/test.h"

namespace pg::simt {
namespace {

enum class Kind { wrong, error, hang, memory };

struct Fault {
  std::string kernel;  // part of its demangled name
  Kind kind = Kind::error;
  cudaError_t error = cudaSuccess;
  int64_t count = 1;                    // of the first launch that it strikes
  int64_t launches = 0;                 // of such kernels
  std::map<const void*, bool> kernels;  // whether their names match
};

struct KindName {
  std::string_view name;
  Kind kind;
  cudaError_t error = cudaSuccess;
};
constexpr KindName kKinds[] = {
    {"wrong", Kind::wrong},
    {"hang", Kind::hang},
    {"memory", Kind::memory},
    {"illegal", Kind::error, cudaErrorIllegalAddress},
    {"misaligned", Kind::error, cudaErrorMisalignedAddress},
    {"launch", Kind::error, cudaErrorLaunchFailure},
    {"timeout", Kind::error, cudaErrorLaunchTimeout},
    {"ecc", Kind::error, cudaErrorECCUncorrectable},
    {"lost", Kind::error, cudaErrorDevicesUnavailable},
};

// From the right, since names contain colons.
bool parse(std::string_view text, Fault& fault) {
  const auto last_part = [&] {
    const size_t colon = text.rfind(':');
    const std::string_view part = colon == text.npos ? "" : text.substr(colon + 1);
    if (colon != text.npos) text = text.substr(0, colon);
    return part;
  };
  std::string_view part = last_part();
  const auto read = std::from_chars(part.data(), part.data() + part.size(), fault.count);
  const bool counted = read.ec == std::errc() && read.ptr == part.data() + part.size();
  if (counted) part = last_part();
  for (const KindName& k : kKinds) {
    if (part != k.name) continue;
    fault.kind = k.kind;
    fault.error = k.error;
    fault.kernel = text;
    return fault.count > 0;
  }
  return false;
}

std::optional<Fault> read_fault(const char* text) {
  if (text == nullptr || *text == 0) return std::nullopt;
  Fault f;
  if (parse(text, f)) return f;
  std::fprintf(stderr,
               "simt: PROGAN_SIMT_FAULT: expected KERNEL:FAULT[:COUNT] as in "
               "tests/simt/host/planted.h, got '%s'\n",
               text);
  std::exit(2);
}

std::optional<Fault>& planted() {
  static std::optional<Fault> fault = read_fault(std::getenv("PROGAN_SIMT_FAULT"));
  return fault;
}

bool strikes(Fault& fault, const void* kernel) {
  const auto [it, is_new] = fault.kernels.try_emplace(kernel, false);
  if (is_new) it->second = demangled(kernel_name(kernel)).find(fault.kernel) != std::string::npos;
  return it->second && ++fault.launches >= fault.count;
}

// All device memory, as words of four bytes.
class Snapshot {
 public:
  Snapshot() {
    const DeviceMemoryAccess access;
    for (const auto& [begin, bytes] : host().allocations) {
      const auto* const words = reinterpret_cast<const uint32_t*>(begin);
      before_[begin].assign(words, words + bytes / sizeof(uint32_t));
    }
  }

  // Changes an exponent bit of every third word that was written: f32 and bf16 become four times
  // as large, or as small.
  void damage_what_changed() const {
    constexpr uint32_t kExponentBit = 1u << 24;
    size_t changed = 0;
    for (const auto& [begin, before] : before_) {
      auto* const words = reinterpret_cast<uint32_t*>(begin);
      for (size_t i = 0; i < before.size(); ++i) {
        if (words[i] != before[i] && changed++ % 3 == 0) words[i] ^= kExponentBit;
      }
    }
  }

 private:
  std::map<uintptr_t, std::vector<uint32_t>> before_;
};

}  // namespace

cudaError_t run_with_faults(const Launch& launch, cudaError_t (*run)(const Launch&)) {
  std::optional<Fault>& fault = planted();
  if (!fault || !strikes(*fault, launch.kernel)) return run(launch);
  switch (fault->kind) {
    case Kind::wrong: {
      const Snapshot snapshot;
      const cudaError_t error = run(launch);
      const DeviceMemoryAccess access;  // the launch has ended its own
      snapshot.damage_what_changed();
      return error;
    }
    case Kind::error:
      host().pending = fault->error;
      return cudaSuccess;
    case Kind::hang:
      host().hangs = true;
      return cudaSuccess;
    case Kind::memory:
      host().memory_taken = true;
      return run(launch);
  }
  return cudaErrorUnknown;
}

void plant_fault(const std::string& text) { planted() = read_fault(text.c_str()); }

void surface_faults() {
  while (host().hangs) pause();
  if (host().pending == cudaSuccess) return;
  host().sticky = host().last = host().pending;
  host().pending = cudaSuccess;
}

}  // namespace pg::simt
