// faults.cpp: reports of errors: what, which thread, which line of the PTX and of the source.
#include <bit>
#include <sstream>

#include "tests/ptx/interpreter/block_run.h"
#include "tests/ptx/interpreter/module.h"

namespace pg::ptx {

std::string BlockRun::where(size_t pc) const {
  const std::string& source = k_.source[pc];
  return " at line " + std::to_string(k_.code[pc].line) + " of the PTX" +
         (source.empty() ? "" : " (" + source + ")") + ": " + k_.text[pc];
}

void BlockRun::deadlock(const Warp& w) const {
  std::ostringstream text;
  text << "deadlock in the warp:";
  for (uint32_t left = w.parked; left != 0;) {
    const uint32_t pc = w.pc[std::countr_zero(left)];
    uint32_t same = 0;
    for (uint32_t rest = left; rest != 0; rest &= rest - 1) {
      if (w.pc[std::countr_zero(rest)] == pc) same |= rest & (~rest + 1);
    }
    text << "\n  lanes 0x" << std::hex << same << std::dec << " wait" << where(pc);
    left &= ~same;
  }
  const int lane = std::countr_zero(w.alive);
  fault(w, k_.code[w.pc[lane]], lane, text.str());
}

void BlockRun::fault(const Warp& w, const Instr& i, int lane, const std::string& what) const {
  const auto pc = static_cast<size_t>(&i - k_.code.data());
  std::ostringstream s;
  s << what << "\n  by thread " << w.thread(lane) << " of block (" << at_.x << "," << at_.y << ","
    << at_.z << ")" << where(pc) << "\n  in " << demangled(k_.name);
  fail(s.str());
}

}  // namespace pg::ptx
