// common.cpp: what several subcommands share.
#include "apps/common.h"

#include <unistd.h>

#include <charconv>
#include <cstdio>

namespace pg::apps {
namespace {

constexpr uint64_t kMostSeeds = 1000000;

template <typename T>
bool parse_number(std::string_view text, T& value) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && end.ec == std::errc{} && end.ptr == text.data() + text.size();
}

}  // namespace

DeviceChoice choose_device(const std::string& name) {
  DeviceChoice choice;
  if (name == "cpu") return choice;
  const std::string_view index = std::string_view(name).substr(std::min<size_t>(5, name.size()));
  const bool valid = name == "auto" || name == "cuda" ||
                     (name.starts_with("cuda:") && parse_number(index, choice.index));
  PG_CHECK(valid, UsageError, "there is no device '", name,
           "': choose auto, cpu, cuda or cuda:I (I from 0 on)");
  const int count = cuda_device_count(&choice.reason);
  choice.cuda = count > 0;
  PG_CHECK(choice.cuda || name == "auto", DeviceError, "there is no GPU for --device ", name, ": ",
           choice.reason, "; use --device cpu");
  PG_CHECK(!choice.cuda || (choice.index >= 0 && choice.index < count), DeviceError,
           "there is no GPU ", choice.index, ": ",
           count == 1 ? "there is one, cuda:0" : message("there are ", count));
  return choice;
}

Precision resolve_precision(Precision wanted, const DeviceChoice& device) {
  if (wanted == Precision::automatic) return device.cuda ? Precision::tf32 : Precision::fp32;
  PG_CHECK(device.cuda || wanted == Precision::fp32, UsageError,
           "the CPU computes in fp32 alone: use --precision fp32 (or auto)");
  return wanted;
}

MatrixMath matrix_math(Precision precision) {
  return precision == Precision::fp32 ? MatrixMath::exact : MatrixMath::tf32;
}

std::unique_ptr<Backend> open_device(const DeviceChoice& device, int64_t threads,
                                     Precision precision, CudaKernels kernels) {
  if (!device.cuda) return make_cpu_backend(static_cast<int>(threads));
  return make_cuda_backend(device.index, matrix_math(precision), kernels);
}

Config load_config(const ConfigSources& sources) {
  Config config = preset(sources.preset.empty() ? "official-tf" : sources.preset);
  if (!sources.file.empty()) read_toml(config, sources.file);
  for (const std::string& assignment : sources.assignments) set_assignment(config, assignment);
  return config;
}

std::function<void(const BuildProgress&)> build_progress(const char* what) {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [what](const BuildProgress& p) {
    const double rate = p.seconds > 0 ? static_cast<double>(p.done) / p.seconds : 0.0;
    std::fprintf(stderr, "\r\x1b[K%s: %lld of %lld images, %.0f a second, %lld left out", what,
                 static_cast<long long>(p.done), static_cast<long long>(p.total), rate,
                 static_cast<long long>(p.rejected));
    if (p.done == p.total) std::fputs("\n", stderr);
  };
}

std::vector<uint64_t> parse_seeds(const std::string& text) {
  std::vector<uint64_t> seeds;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = std::string_view(text).substr(begin, end - begin);
    const size_t dash = part.find('-');
    uint64_t first = 0, last = 0;
    const bool good = parse_number(part.substr(0, dash), first) &&
                      (dash == std::string_view::npos ? (last = first, true)
                                                      : parse_number(part.substr(dash + 1), last));
    PG_CHECK(good && first <= last && last - first < kMostSeeds, UsageError, "'", part,
             "' is not a seed or a range of seeds: write 7, 0-63 or 1,5,9");
    for (uint64_t s = first; s <= last; ++s) seeds.push_back(s);
    begin = end + 1;
  }
  return seeds;
}

GridSize parse_grid(const std::string& text) {
  Config c;
  c.train.image_grid = text;
  return image_grid(c);
}

void print_rejected(const Manifest& manifest) {
  constexpr size_t kShown = 10;
  if (manifest.rejected.empty()) return;
  std::fprintf(stderr, "%zu images were left out:\n", manifest.rejected.size());
  for (size_t i = 0; i < std::min(kShown, manifest.rejected.size()); ++i) {
    std::fprintf(stderr, "  %s: %s\n", manifest.rejected[i].file.c_str(),
                 manifest.rejected[i].reason.c_str());
  }
  if (manifest.rejected.size() > kShown) {
    std::fputs("  ... all of them are listed in the data set's dataset.json\n", stderr);
  }
}

}  // namespace pg::apps
