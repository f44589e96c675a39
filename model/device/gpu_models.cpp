// gpu_models.cpp: processors, shared memory and memory, as their makers state them.
#include "model/device/gpu_models.h"

#include "kernels/error.h"
#include "model/config/suggest.h"

namespace pg {
namespace {

struct Row {
  std::string_view name;
  int processors;
  int kilobytes;  // of shared memory for a block: 163 (8.0), 99 (8.6, 8.9, 12.0), 227 (9.0, 10.0)
  int gigabytes;  // of memory, 2^30 bytes
};

constexpr Row kModels[] = {
    {"a100-40gb", 108, 163, 40}, {"a100-80gb", 108, 163, 80}, {"h100", 132, 227, 80},
    {"h200", 132, 227, 140},     {"b200", 148, 227, 180},     {"a10", 72, 99, 24},
    {"a6000", 84, 99, 48},       {"l4", 58, 99, 24},          {"l40s", 142, 99, 48},
    {"rtx3060", 28, 99, 12},     {"rtx3070", 46, 99, 8},      {"rtx3080", 68, 99, 10},
    {"rtx3090", 82, 99, 24},     {"rtx4060", 24, 99, 8},      {"rtx4070", 46, 99, 12},
    {"rtx4080", 76, 99, 16},     {"rtx4090", 128, 99, 24},    {"rtx5090", 170, 99, 32},
};

// "NVIDIA GeForce RTX 3090" -> "rtx3090".
std::string short_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != ' ' && c != '-' && c != '_')
      plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  for (const std::string_view maker : {"nvidia", "geforce", "tesla"}) {
    if (plain.starts_with(maker)) plain.erase(0, maker.size());
  }
  return plain;
}

// Of compute capability below 8.0.
bool is_too_old(std::string_view name) {
  for (const std::string_view old :
       {"v100", "t4", "p100", "p40", "p4", "k80", "k40", "m40", "m60"}) {
    if (name == old) return true;
  }
  for (const std::string_view old : {"gtx", "titan", "rtx20", "quadrortx", "mx"}) {
    if (name.starts_with(old)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> gpu_model_names() {
  std::vector<std::string> names;
  for (const Row& row : kModels) names.emplace_back(row.name);
  return names;
}

GpuModel gpu_model(std::string_view name) {
  const std::string wanted = short_name(name);
  PG_CHECK(!is_too_old(wanted), UsageError, "GPU '", name,
           "' is too old: compute capability 8.0 (Ampere, such as a100 or rtx3060) is needed");
  for (const Row& row : kModels) {
    if (short_name(row.name) == wanted || (wanted == "a100" && row.name == "a100-40gb")) {
      return {.name = std::string(row.name),
              .processors = row.processors,
              .smem_per_block = int64_t{row.kilobytes} << 10,
              .memory = int64_t{row.gigabytes} << 30};
    }
  }
  throw_unknown("GPU", name, gpu_model_names());
}

}  // namespace pg
