// code.h: compiled PTX: instructions with their handlers, and kernels.
//
// A register is an array of 32 lanes (a predicate: a 32-bit mask). Operands of instructions are
// byte offsets of registers within the memory of a warp, or, with the top bit set, of constants.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace pg::ptx {

// An error in a program, or PTX that the interpreter does not know.
struct Error : std::runtime_error {
  using runtime_error::runtime_error;
};
[[noreturn]] inline void fail(const std::string& what) { throw Error(what); }

struct Dim3 {
  unsigned x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t{x} * y * z; }
};

struct Allocation;
struct Warp;
struct Instr;
// Runs an instruction for the lanes of the mask.
using Handler = void (*)(Warp&, const Instr&, uint32_t mask);

enum class Kind : uint8_t { plain, branch, exit, warp_sync, barrier };

// Instr::mode of a barrier.
enum BarrierMode : uint8_t { kNoReduction, kCount, kAll, kAny };

struct Instr {
  static constexpr uint32_t kNone = ~0u;
  Handler run = nullptr;
  Kind kind = Kind::plain;
  bool negated = false;                                // the guard
  uint8_t count = 0, width = 0, width2 = 0, mode = 0;  // their meaning: beside each handler
  bool constant = false;                               // ld.global.nc
  uint32_t guard = kNone;                              // predicate
  uint32_t members = kNone;  // register with the member mask; kNone: all lanes of the warp
  uint32_t target = 0;
  uint32_t line = 0;                         // of the PTX text
  uint32_t tracked = kNone;                  // index in Kernel::tracked
  int64_t offset = 0;                        // of an address
  uint32_t o[14] = {};                       // operands
  mutable const Allocation* last = nullptr;  // the allocation of the last access
};

struct Param {
  uint32_t offset, size;
};

// An instruction that uses registers which some path reads before it writes them.
struct Tracked {
  std::vector<uint32_t> read, written;  // numbers of such registers
  bool passes_on = false;               // a move: the result is unset if a source is
};

struct Kernel {
  std::string name;
  std::vector<Param> params;
  uint32_t param_bytes = 0;
  unsigned max_threads = 1024;
  std::vector<Instr> code;
  std::vector<std::string> text;             // of each instruction
  std::vector<std::string> source;           // file:line of each instruction, with -lineinfo
  std::vector<char> constants;               // lanes of immediates
  uint32_t register_bytes = 0;               // of a warp
  std::map<std::string, uint32_t> specials;  // %tid.x ... -> register
  std::vector<std::pair<uint32_t, uint32_t>> shared;  // address, bytes of each static variable
  uint32_t shared_end = 0;
  bool dynamic_shared = false;
  uint32_t local_bytes = 0;  // of a thread
  bool follows = false;      // waits for earlier kernels before anything in global memory
  std::vector<Tracked> tracked;
  uint32_t tracked_registers = 0;
};

}  // namespace pg::ptx
