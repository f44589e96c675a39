// compile.cpp: registers get places, statements handlers, and reads of unwritten registers a check.
#include "tests/ptx/interpreter/compile.h"

#include <algorithm>
#include <stdexcept>

#include "tests/ptx/interpreter/access.h"
#include "tests/ptx/interpreter/placing.h"

namespace pg::ptx {
namespace {

constexpr uint32_t kDynamicAlign = 1024;

// Instructions that pass an unset register on, because nothing depends on its value yet.
bool passes_on(const Ir& ir) {
  static constexpr std::string_view kMoves[] = {"mov", "selp", "prmt", "cvt", "and", "or", "bfi"};
  return std::find(std::begin(kMoves), std::end(kMoves), ir.mods[0]) != std::end(kMoves);
}

Uses checked_uses(const Ir& ir) {
  if (ir.mods[0] != "st") return uses_of(ir);
  return {.read = registers_in(ir.args.at(0)), .written = {}};  // padding may be stored
}

// Finds the instructions that use registers which some path reads unwritten.
void track(const Body& body, const std::vector<int>& unset, Kernel& k) {
  std::map<int, uint32_t> numbers;
  for (const int r : unset) numbers.emplace(r, static_cast<uint32_t>(numbers.size()));
  k.tracked_registers = static_cast<uint32_t>(numbers.size());
  const auto numbers_of = [&](const std::vector<int>& ids) {
    std::vector<uint32_t> list;
    for (const int r : ids) {
      if (const auto it = numbers.find(r); it != numbers.end()) list.push_back(it->second);
    }
    return list;
  };
  for (size_t i = 0; i < body.code.size() && !numbers.empty(); ++i) {
    const Uses uses = checked_uses(body.code[i]);
    Tracked t{.read = numbers_of(uses.read),
              .written = numbers_of(uses.written),
              .passes_on = passes_on(body.code[i])};
    if (t.read.empty() && t.written.empty()) continue;
    k.code[i].tracked = static_cast<uint32_t>(k.tracked.size());
    k.tracked.push_back(std::move(t));
  }
}

// Whether every thread waits for earlier kernels before it touches global memory, which the
// compiler could read before.
bool follows_first(const Body& body) {
  static constexpr std::string_view kAccesses[] = {"ld", "ldu", "st", "atom", "red", "cp"};
  for (const Ir& ir : body.code) {
    if (ir.mods[0] == "griddepcontrol" && ir.has("wait")) return ir.guard < 0;
    if (ir.ends_block()) return false;
    const Space space = space_of(ir);
    const bool elsewhere = space == shared || space == local || space == param || ir.has("const");
    if (std::ranges::find(kAccesses, ir.mods[0]) != std::end(kAccesses) && !elsewhere) return false;
  }
  return false;
}

void compile_statement(const Body& body, const Ir& ir, Placing& places, Kernel& k, Instr& out) {
  out.line = ir.line;
  if (ir.guard >= 0) {
    out.guard = places.place(register_operand(ir.guard), 1);
    out.negated = ir.negated;
  }
  if (ir.mods[0] == "bra") {
    out.kind = Kind::branch;
    out.target = static_cast<uint32_t>(body.target_of(ir));
  } else if (ir.mods[0] == "ret" || ir.mods[0] == "exit") {
    out.kind = Kind::exit;
  } else {
    decode(ir, places, out);
    if (is_dynamic(out.offset)) out.offset += k.shared_end - kDynamicPlaceholder;
  }
}

// A label may be behind the last statement.
void end_with_return(Body& body) {
  if (!body.code.empty() && body.code.back().ends_block() && body.code.back().guard < 0) return;
  Ir end;
  end.op = "ret";
  end.mods = {"ret"};
  body.code.push_back(end);
  body.text.emplace_back("end");
}

}  // namespace

Kernel compile(const ModuleText& module, const Function& f) {
  Kernel k;
  k.name = f.name;
  k.max_threads = f.max_threads;
  Body body = parse_body(module, f);
  end_with_return(body);
  k.params = body.params;
  k.param_bytes = body.param_bytes;
  k.shared = body.shared;
  k.dynamic_shared = body.dynamic_shared;
  k.shared_end = body.shared_end;
  if (body.dynamic_shared) {
    k.shared_end = (body.shared_end + kDynamicAlign - 1) / kDynamicAlign * kDynamicAlign;
  }
  k.local_bytes = body.local_bytes;
  k.follows = follows_first(body);
  Placing places(body, k);
  k.code.resize(body.code.size());
  for (size_t i = 0; i < body.code.size(); ++i) {
    const Ir& ir = body.code[i];
    const auto in_line = [&](const std::string& what) {
      fail("line " + std::to_string(ir.line) + " of the PTX: " + body.text[i] + ": " + what);
    };
    try {
      compile_statement(body, ir, places, k, k.code[i]);
    } catch (const std::out_of_range&) {
      in_line("too few operands");
    } catch (const Error& e) {
      in_line(e.what());
    }
    k.source.push_back(ir.source);
  }
  track(body, places.unset(), k);
  k.text = std::move(body.text);
  return k;
}

}  // namespace pg::ptx
