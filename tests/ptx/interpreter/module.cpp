// module.cpp: modules, their kernels, and launches.
#include "tests/ptx/interpreter/module.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "tests/ptx/interpreter/block_run.h"
#include "tests/ptx/interpreter/compile.h"
#include "tests/ptx/interpreter/memory.h"

namespace pg::ptx {
namespace {

uint64_t total_instructions = 0;

constexpr size_t kAlign = 64;

void require_valid(const Kernel& k, Dim3 grid, Dim3 dim) {
  constexpr uint64_t kMostThreads = 1024;
  constexpr unsigned kMostZ = 64, kMostGridX = 0x7FFFFFFF, kMostGridYZ = 65535;
  const std::string name = ": " + demangled(k.name);
  if (dim.count() == 0 || dim.count() > kMostThreads || dim.z > kMostZ) {
    fail("a block of " + std::to_string(dim.count()) + " threads" + name);
  }
  if (dim.count() > k.max_threads) {
    fail("a block of " + std::to_string(dim.count()) + " threads, __launch_bounds__ allows " +
         std::to_string(k.max_threads) + name);
  }
  if (grid.count() == 0 || grid.x > kMostGridX || std::max(grid.y, grid.z) > kMostGridYZ) {
    fail("a grid of " + std::to_string(grid.x) + " x " + std::to_string(grid.y) + " x " +
         std::to_string(grid.z) + " blocks" + name);
  }
}

// The warps of a block, with registers that hold NaN at first.
class Warps {
 public:
  Warps(const Kernel& k, size_t count, Block& block)
      : registers_(count * k.register_bytes + kAlign, static_cast<char>(0xFF)) {
    const auto address = reinterpret_cast<uintptr_t>(registers_.data());
    char* const base = registers_.data() + (kAlign - address % kAlign) % kAlign;
    for (size_t i = 0; i < count; ++i) {
      auto w = std::make_unique<Warp>();
      w->id = static_cast<unsigned>(i);
      w->block = &block;
      w->base[0] = base + i * k.register_bytes;
      w->base[1] = const_cast<char*>(k.constants.data());
      block.warps.push_back(std::move(w));
    }
  }

 private:
  std::vector<char> registers_;
};

// The blocks that run: all, or a sample. Random ones are the same in each run of a program.
std::vector<uint64_t> blocks_of(uint64_t count) {
  const uint64_t edge = options().sample, random = options().random_sample;
  std::vector<uint64_t> list;
  if (edge == 0 || count <= 2 * edge + random) {
    list.resize(count);
    for (uint64_t i = 0; i < count; ++i) list[i] = i;
  } else {
    static uint64_t state = 1;
    for (uint64_t i = 0; i < edge; ++i) list.push_back(i);
    for (uint64_t i = 0; i < random; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX
      list.push_back(edge + (state >> 33) % (count - 2 * edge));
    }
    for (uint64_t i = 0; i < edge; ++i) list.push_back(count - edge + i);
  }
  if (options().order == Order::reverse) std::reverse(list.begin(), list.end());
  return list;
}

}  // namespace

uint64_t instructions_run() { return total_instructions; }

std::string demangled(const std::string& name) {
  int status = 0;
  char* const s = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  std::string result = status == 0 ? s : name;
  std::free(s);
  return result;
}

struct Module::Text {
  ModuleText text;
  std::map<std::string, Kernel> kernels;
};

Module::Module(std::string text)
    : text_(std::make_unique<Text>(Text{ModuleText(std::move(text)), {}})) {}
Module::~Module() = default;
Module::Module(Module&&) noexcept = default;

Module Module::load(const std::string& path) {
  std::ifstream in(path);
  if (!in) fail("cannot read " + path);
  std::ostringstream s;
  s << in.rdbuf();
  return Module(s.str());
}

std::vector<std::string> Module::names() const {
  std::vector<std::string> list;
  for (const auto& [name, f] : text_->text.functions) {
    if (f.entry) list.push_back(name);
  }
  return list;
}

const Kernel& Module::kernel(const std::string& name) {
  const auto it = text_->kernels.find(name);
  if (it != text_->kernels.end()) return it->second;
  const auto f = text_->text.functions.find(name);
  if (f == text_->text.functions.end()) fail("unknown kernel '" + name + "'");
  return text_->kernels[name] = compile(text_->text, f->second);
}

const Kernel& Module::find(const std::string& part) {
  std::vector<std::string> found;
  for (const std::string& name : names()) {
    if (name == part) return kernel(name);
    const bool fits =
        name.find(part) != std::string::npos || demangled(name).find(part) != std::string::npos;
    if (fits) found.push_back(name);
  }
  if (found.size() != 1) {
    fail(std::to_string(found.size()) + " kernels have '" + part + "' in their names");
  }
  return kernel(found.front());
}

void Module::require_arguments(const Kernel& kernel, const size_t* sizes, size_t count) {
  if (kernel.params.size() != count) fail("wrong number of arguments for " + kernel.name);
  for (size_t i = 0; i < count; ++i) {
    if (sizes[i] == kernel.params[i].size) continue;
    fail("argument " + std::to_string(i) + " of " + kernel.name + " has another size");
  }
}

void Module::run(const Kernel& k, Dim3 grid, Dim3 dim, size_t smem, const void* const* args) {
  require_valid(k, grid, dim);
  std::vector<char> params(k.param_bytes + kAlign, static_cast<char>(0xFF));
  for (size_t i = 0; i < k.params.size(); ++i) {
    std::memcpy(params.data() + k.params[i].offset, args[i], k.params[i].size);
  }
  Block block;
  block.kernel = &k;
  block.params = params.data();
  block.global_races = options().global_races;
  const Warps warps(k, (dim.count() + kLanes - 1) / kLanes, block);
  for (const Instr& i : k.code) i.last = nullptr;
  if (block.global_races) next_launch();
  const Launch launch{k, grid, dim, smem};
  BlockRun run(launch, block);
  for (const uint64_t i : blocks_of(grid.count())) {
    block.number = static_cast<uint32_t>(i);
    const uint64_t row = i / grid.x;
    run.run({static_cast<unsigned>(i % grid.x), static_cast<unsigned>(row % grid.y),
             static_cast<unsigned>(row / grid.y)});
  }
  total_instructions += run.instructions();
}

}  // namespace pg::ptx
