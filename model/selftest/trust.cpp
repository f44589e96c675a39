// trust.cpp: the file of results, and the decision that it allows.
#include "model/selftest/trust.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "data/files/atomic_file.h"
#include "data/files/read_file.h"
#include "data/files/shown.h"
#include "data/formats/json.h"
#include "kernels/error.h"
#include "model/config/version.h"
#include "model/selftest/session.h"

namespace pg::selftest {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kFormat = "progan_cuda selftest of a GPU";
constexpr int64_t kMostBytes = 1 << 20;

std::string variable(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? "" : text;
}

// The first few names.
std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kNamed = 3;
  std::string text;
  for (size_t i = 0; i < std::min(kNamed, names.size()); ++i) {
    text += (i > 0 ? "; " : "") + names[i];
  }
  return names.size() > kNamed ? message(text, "; and ", names.size() - kNamed, " more") : text;
}

std::string device_name(const DeviceChoice& device) { return message("cuda:", device.index); }

std::string advice(const DeviceChoice& device) {
  return message("please report the output of: progan_cuda selftest --device ",
                 device_name(device));
}

std::string warning_of(const DeviceChoice& device, TensorKernels left_out, const Trust& trust) {
  return message("this GPU computes wrong results with some kernels (", listed(trust.failed),
                 "); without them (", left_out.text(), ") training is slower and correct; ",
                 advice(device));
}

// Throws if the report does not allow training.
Trust checked_trust(const DeviceChoice& device, const GpuDetails& gpu, const Report& report) {
  std::vector<std::string> failed;
  for (const Outcome& o : report.failed_exact()) {
    failed.push_back(message(o.name, ": ", o.detail));
  }
  PG_CHECK(failed.empty(), DeviceError, device_name(device), " (", gpu.name,
           ") computes wrong results, and nothing can take the place of these kernels (",
           listed(failed), "); ", advice(device));
  PG_CHECK(report.complete, DeviceError, "the checks of ", device_name(device), " (", gpu.name,
           ") did not end; ", advice(device));
  return trust_of(report);
}

}  // namespace

fs::path trust_file(const GpuDetails& gpu) {
  fs::path folder = variable("XDG_CACHE_HOME");
  if (folder.empty() && !variable("HOME").empty()) folder = fs::path(variable("HOME")) / ".cache";
  if (folder.empty()) return {};
  std::string name = message("selftest-", gpu.name, "-", gpu.uuid, "-", gpu.driver, "-",
                             gpu.runtime, "-", kProgramVersion);
  for (char& c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-';
    if (!plain) c = '_';
  }
  return folder / "progan_cuda" / (name + ".json");
}

std::optional<Trust> remembered_trust(const GpuDetails& gpu) {
  const fs::path path = trust_file(gpu);
  try {
    if (path.empty() || !fs::exists(path)) return std::nullopt;
    const std::vector<uint8_t> bytes = read_file(path, kMostBytes);
    const json file =
        parse_json_or_discard({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (!file.is_object() || file.at("format") != kFormat) return std::nullopt;
    const auto left_out = TensorKernels::parse(file.at("left_out").get<std::string>());
    if (!left_out) return std::nullopt;
    return Trust{.left_out = *left_out,
                 .failed = file.at("failed").get<std::vector<std::string>>()};
  } catch (const Error&) {
  } catch (const json::exception&) {
  } catch (const fs::filesystem_error&) {
  }
  return std::nullopt;
}

void remember(const GpuDetails& gpu, const Trust& trust) {
  const fs::path path = trust_file(gpu);
  if (path.empty()) return;
  const json file = {{"format", kFormat},
                     {"gpu", gpu.text()},
                     {"left_out", trust.left_out.text()},
                     {"failed", trust.failed}};
  try {
    fs::create_directories(path.parent_path());
    AtomicFile out(path);
    out.write(file.dump(1) + "\n");
    out.commit();
  } catch (const Error&) {
  } catch (const fs::filesystem_error&) {
  }
}

TensorKernels used_by(Precision precision, TensorKernels all) {
  if (precision == Precision::bf16) return all;
  return precision == Precision::tf32 ? all & TensorKernels::of(TensorType::tf32) : TensorKernels();
}

Trust trust_of(const Report& report) {
  Trust trust{.left_out = report.failed_families()};
  for (const Outcome& o : report.list) {
    if (o.verdict == Verdict::failed) trust.failed.push_back(o.name);
  }
  return trust;
}

Decision decide_trust(const DeviceChoice& device, SelftestUse use, Precision precision,
                      const std::function<void(const std::string&)>& say) {
  if (!device.cuda || use == SelftestUse::off) return {};
  const GpuDetails gpu = gpu_details(device.index);
  std::optional<Trust> trust = remembered_trust(gpu);
  if (!trust) {
    say(message("checking ", device_name(device), " (", shown(gpu.name),
                ") once, before the first training there"));
    const Report report = run_session(
        {.device = device_name(device), .extent = Extent::quick, .stops_at_exact_failure = true});
    trust = checked_trust(device, gpu, report);
    remember(gpu, *trust);
  }
  Decision decision{.left_out = used_by(precision, trust->left_out)};
  if (!decision.left_out.empty()) {
    decision.warnings.push_back(warning_of(device, decision.left_out, *trust));
  }
  return decision;
}

TensorKernels remembered_left_out(const DeviceChoice& device, SelftestUse use,
                                  Precision precision) {
  if (!device.cuda || use == SelftestUse::off) return {};
  const std::optional<Trust> trust = remembered_trust(gpu_details(device.index));
  return trust ? used_by(precision, trust->left_out) : TensorKernels();
}

}  // namespace pg::selftest
