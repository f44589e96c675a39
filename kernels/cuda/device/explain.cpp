// explain.cpp: the table of errors, and names of kernels.
#include "kernels/cuda/device/explain.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string_view>

#include "kernels/error.h"

namespace pg::cuda {
namespace {

constexpr const char* kKernel = "a kernel";

constexpr const char* kReport =
    "to check this GPU: progan_cuda selftest; please report what it prints";
constexpr const char* kRestart =
    "the kernel log (dmesg, lines with Xid) has the reason; restart the machine, and check power "
    "and "
    "temperature if it happens again";
constexpr const char* kMemory =
    "restart the machine, and replace the GPU if it happens again (nvidia-smi -q -d ECC counts "
    "errors)";
constexpr const char* kDriver = "install the NVIDIA driver again and restart the machine";
constexpr const char* kDefect = "this is a defect of the program; please report it";

struct Row {
  cudaError_t error;
  const char* happened;
  const char* advice;
  bool fatal;
};

constexpr auto kContained = static_cast<cudaError_t>(226);  // since CUDA 12.8

constexpr Row kRows[] = {
    // Kernels.
    {cudaErrorIllegalAddress, "a kernel used memory outside of its buffers", kReport, true},
    {cudaErrorMisalignedAddress, "a kernel used a misaligned address", kReport, true},
    {cudaErrorInvalidAddressSpace, "a kernel used an address of the wrong kind", kReport, true},
    {cudaErrorInvalidPc, "a kernel jumped to an invalid address", kReport, true},
    {cudaErrorIllegalInstruction, "a kernel ran an illegal instruction", kReport, true},
    {cudaErrorHardwareStackError, "a kernel damaged its stack", kReport, true},
    {cudaErrorAssert, "a kernel failed an assertion", kReport, true},
    {cudaErrorLaunchFailure, "a kernel failed", kReport, true},
    {cudaErrorLaunchTimeout, "a kernel ran longer than the driver allows on a GPU with a display",
     "use a GPU without a display, or smaller parts of minibatches (schedule.micro_batch)", true},
    // Hardware.
    {cudaErrorECCUncorrectable, "the GPU's memory had an error that it could not correct (ECC)",
     kMemory, true},
    {kContained, "the GPU reported a hardware error that it contained", kMemory, true},
    {cudaErrorNvlinkUncorrectable, "the connection between GPUs had an error (NVLink)", kRestart,
     true},
    {cudaErrorDevicesUnavailable, "the GPU was lost, or another program has it alone",
     "see nvidia-smi; if it does not list the GPU, restart the machine, and check power and "
     "temperature",
     true},
    {cudaErrorNoDevice, "the GPU was lost", kRestart, true},
    {cudaErrorInvalidDevice, "the GPU was lost", kRestart, true},
    {cudaErrorUnknown, "the GPU no longer answers", kRestart, true},
    {cudaErrorContextIsDestroyed, "the driver ended this program's use of the GPU", kRestart, true},
    {cudaErrorMpsClientTerminated, "the MPS server ended this program's use of the GPU",
     "see its log, and start the program again", true},
    // Driver and build.
    {cudaErrorNoKernelImageForDevice, "a kernel has no code for this GPU",
     "build the program for it with -DPG_CUDA_ARCHITECTURES", false},
    {cudaErrorInvalidDeviceFunction, "a kernel has no code for this GPU",
     "build the program for it with -DPG_CUDA_ARCHITECTURES", false},
    {cudaErrorUnsupportedPtxVersion, "the NVIDIA driver is too old to compile the kernels",
     "install a newer driver", false},
    {cudaErrorJitCompilerNotFound, "the NVIDIA driver has no compiler for the kernels", kDriver,
     false},
    {cudaErrorJitCompilationDisabled, "compiling kernels is switched off",
     "unset CUDA_DISABLE_PTX_JIT", false},
    {cudaErrorInsufficientDriver, "the NVIDIA driver is too old for this program",
     "install a newer driver", false},
    {cudaErrorCallRequiresNewerDriver, "the NVIDIA driver is too old for this program",
     "install a newer driver", false},
    {cudaErrorSystemDriverMismatch, "the parts of the NVIDIA driver have different versions",
     "restart the machine", false},
    {cudaErrorCompatNotSupportedOnDevice, "the package cuda-compat does not support this GPU",
     "install a newer driver instead", false},
    {cudaErrorSystemNotReady, "the machine's NVIDIA services have not started (Fabric Manager)",
     "start them or wait, then start the program again", false},
    {cudaErrorInitializationError, "the NVIDIA driver failed to start", kDriver, false},
    {cudaErrorStartupFailure, "the NVIDIA driver failed to start", kDriver, false},
    {cudaErrorOperatingSystem, "the operating system refused a call of the NVIDIA driver",
     "check limits of memory and of open files, and dmesg", false},
    // Use.
    {cudaErrorLaunchOutOfResources, "a kernel needs more registers or memory than this GPU has",
     kDefect, false},
    {cudaErrorInvalidConfiguration, "a kernel was started with a shape that this GPU rejects",
     kDefect, false},
    {cudaErrorInvalidValue, "the GPU rejected an argument", kDefect, false},
    {cudaErrorNotSupported, "the GPU does not support a call", kDefect, false},
};

// Also in what results.
void replace_all(std::string& text, std::string_view part, std::string_view by) {
  for (size_t at = text.find(part); at != text.npos; at = text.find(part)) {
    text.replace(at, part.size(), by);
  }
}

// The position of the parameter list, which ends the name: its parenthesis, or npos.
size_t parameters_of(const std::string& name) {
  if (!name.ends_with(')')) return name.npos;
  int open = 0;
  for (size_t i = name.size(); i-- > 0;) {
    open += name[i] == ')' ? 1 : name[i] == '(' ? -1 : 0;
    if (open == 0) return i;
  }
  return name.npos;
}

}  // namespace

Explanation explain(cudaError_t error, const std::string& kernel) {
  const std::string code = message(" (", cudaGetErrorName(error), ")");
  const std::string where = kernel.empty() ? "" : message(", in the kernel ", kernel);
  for (const Row& row : kRows) {
    if (row.error != error) continue;
    std::string happened = row.happened;
    const bool names_it = !kernel.empty() && happened.starts_with(kKernel);
    if (names_it) happened.replace(0, std::string_view(kKernel).size(), "the kernel " + kernel);
    return {happened + (names_it ? "" : where) + code, row.advice, row.fatal};
  }
  return {message("CUDA reports: ", cudaGetErrorString(error), where, code), kReport, false};
}

std::string readable_kernel(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> whole(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), std::free);
  std::string name = whole ? whole.get() : mangled;
  for (const char* part : {"(anonymous namespace)::", "pg::cuda::", "pg::"}) {
    replace_all(name, part, "");
  }
  if (const size_t at = parameters_of(name); at != name.npos) name.resize(at);
  if (name.starts_with("void ")) name.erase(0, 5);
  replace_all(name, "__nv_bfloat16", "bf16");
  replace_all(name, "> >", ">>");
  constexpr size_t kLongest = 120;
  return name.size() <= kLongest ? name : name.substr(0, kLongest - 3) + "...";
}

}  // namespace pg::cuda
