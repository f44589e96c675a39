// module.h: runs PTX text on the CPU, a warp at a time, with every memory access checked.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/hardware/tensor_core_sum.h"
#include "tests/ptx/interpreter/code.h"

namespace pg::ptx {

// How lanes that have parted take turns, and in which order warps and blocks run. serial: each lane
// alone until it must wait for others.
enum class Order : uint8_t { lockstep, reverse, serial };

struct Options {
  Order order = Order::lockstep;
  bool races = true;          // in shared memory
  bool global_races = false;  // between blocks
  bool strict_tf32 = false;   // factors of mma must be rounded
  hardware::TensorCore tensor_core = hardware::TensorCore::rounded;
  uint64_t limit = uint64_t{1} << 40;  // instructions of a warp in a launch
  // Of each grid run only that many first and last blocks, and random ones; 0: all.
  uint64_t sample = 0, random_sample = 0;
};
Options& options();  // at first from the environment (tests/ptx/README.md)

class Module {
 public:
  explicit Module(std::string text);
  static Module load(const std::string& path);
  ~Module();
  Module(Module&&) noexcept;

  const Kernel& kernel(const std::string& name);  // exact name; compiled on first use
  const Kernel& find(const std::string& part);    // a part of the name that fits one kernel
  std::vector<std::string> names() const;

  template <typename... Args>
  void launch(const std::string& name, Dim3 grid, Dim3 block, size_t smem, const Args&... args) {
    const void* pointers[] = {static_cast<const void*>(&args)..., nullptr};
    const size_t sizes[] = {sizeof(Args)..., 0};
    const Kernel& k = find(name);
    require_arguments(k, sizes, sizeof...(args));
    run(k, grid, block, smem, pointers);
  }
  static void run(const Kernel& kernel, Dim3 grid, Dim3 block, size_t smem,
                  const void* const* args);

 private:
  static void require_arguments(const Kernel& kernel, const size_t* sizes, size_t count);
  struct Text;
  std::unique_ptr<Text> text_;
};

uint64_t instructions_run();  // of warps, so far
std::string demangled(const std::string& name);

}  // namespace pg::ptx
