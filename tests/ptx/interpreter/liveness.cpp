// liveness.cpp: the usual backward analysis over basic blocks.
#include "tests/ptx/interpreter/liveness.h"

#include <algorithm>
#include <bit>

namespace pg::ptx {
namespace {

// A set of registers.
class Set {
 public:
  explicit Set(size_t registers) : words_((registers + 63) / 64) {}
  bool has(size_t i) const { return (words_[i / 64] >> i % 64 & 1) != 0; }
  void add(size_t i) { words_[i / 64] |= uint64_t{1} << i % 64; }
  void add(const Set& other) {
    for (size_t k = 0; k < words_.size(); ++k) words_[k] |= other.words_[k];
  }
  void remove(const Set& other) {
    for (size_t k = 0; k < words_.size(); ++k) words_[k] &= ~other.words_[k];
  }
  bool operator==(const Set&) const = default;
  template <typename F>
  void for_each(F f) const {
    for (size_t k = 0; k < words_.size(); ++k) {
      for (uint64_t bits = words_[k]; bits != 0; bits &= bits - 1) {
        f(k * 64 + static_cast<size_t>(std::countr_zero(bits)));
      }
    }
  }

 private:
  std::vector<uint64_t> words_;
};

struct BasicBlock {
  BasicBlock(size_t begins, size_t registers)
      : begin(begins), in(registers), out(registers), used(registers), killed(registers) {}
  size_t begin, end = 0;
  std::vector<size_t> next;
  Set in, out;
  Set used, killed;  // read before it is written here; written here
};

// A guarded write leaves old values alive in the other lanes, so it reads too.
std::vector<int> reads_of(const Ir& ir, const Uses& uses) {
  std::vector<int> read = uses.read;
  if (ir.guard >= 0) read.insert(read.end(), uses.written.begin(), uses.written.end());
  return read;
}

std::vector<BasicBlock> blocks_of(const Body& body) {
  const size_t n = body.code.size();
  std::vector<char> leads(n + 1, 0);
  leads[0] = 1;
  for (const int64_t at : body.label_at) {
    if (at >= 0) leads[static_cast<size_t>(at)] = 1;
  }
  for (size_t i = 0; i < n; ++i) {
    if (body.code[i].ends_block()) leads[i + 1] = 1;
  }
  std::vector<BasicBlock> blocks;
  std::vector<size_t> block_of(n + 1);
  for (size_t i = 0; i < n; ++i) {
    if (leads[i] != 0) blocks.emplace_back(i, body.widths.size());
    blocks.back().end = i + 1;
    block_of[i] = blocks.size() - 1;
  }
  block_of[n] = blocks.size();
  for (size_t b = 0; b < blocks.size(); ++b) {
    const Ir& last = body.code[blocks[b].end - 1];
    if (last.mods[0] == "bra") blocks[b].next.push_back(block_of[body.target_of(last)]);
    if (!last.ends_block() || last.guard >= 0) blocks[b].next.push_back(b + 1);
    std::erase(blocks[b].next, blocks.size());
  }
  return blocks;
}

void find_uses(const Body& body, BasicBlock& block) {
  for (size_t i = block.begin; i < block.end; ++i) {
    const Uses uses = uses_of(body.code[i]);
    for (const int r : reads_of(body.code[i], uses)) {
      const auto id = static_cast<size_t>(r);
      if (!block.killed.has(id)) block.used.add(id);
    }
    for (const int r : uses.written) block.killed.add(static_cast<size_t>(r));
  }
}

void solve(std::vector<BasicBlock>& blocks, size_t registers) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t b = blocks.size(); b-- > 0;) {
      BasicBlock& block = blocks[b];
      Set live(registers);
      for (const size_t s : block.next) live.add(blocks[s].in);
      block.out = live;
      live.remove(block.killed);
      live.add(block.used);
      changed |= !(live == block.in);
      block.in = std::move(live);
    }
  }
}

}  // namespace

std::vector<int> registers_in(const Operand& o) {
  std::vector<int> list;
  if (o.reg_id >= 0) list.push_back(o.reg_id);
  if (o.second >= 0) list.push_back(o.second);
  for (const Operand& part : o.parts) {
    const std::vector<int> more = registers_in(part);
    list.insert(list.end(), more.begin(), more.end());
  }
  return list;
}

Uses uses_of(const Ir& ir) {
  Uses u;
  if (ir.guard >= 0) u.read.push_back(ir.guard);
  for (size_t i = 0; i < ir.args.size(); ++i) {
    const bool written = i == 0 && ir.writes() && ir.args[0].kind != Operand::address;
    for (const int id : registers_in(ir.args[i])) (written ? u.written : u.read).push_back(id);
  }
  return u;
}

Lives lives_of(const Body& body) {
  const size_t registers = body.widths.size();
  std::vector<BasicBlock> blocks = blocks_of(body);
  for (BasicBlock& block : blocks) find_uses(body, block);
  solve(blocks, registers);
  Lives lives;
  lives.first.assign(registers, -1);
  lives.last.assign(registers, -1);
  const auto touch = [&](size_t r, size_t at) {
    const auto i = static_cast<int>(at);
    lives.first[r] = lives.first[r] < 0 ? i : std::min(lives.first[r], i);
    lives.last[r] = std::max(lives.last[r], i);
  };
  for (const BasicBlock& block : blocks) {
    block.in.for_each([&](size_t r) { touch(r, block.begin); });
    block.out.for_each([&](size_t r) { touch(r, block.end - 1); });
    for (size_t i = block.begin; i < block.end; ++i) {
      const Uses uses = uses_of(body.code[i]);
      for (const int r : uses.read) touch(static_cast<size_t>(r), i);
      for (const int r : uses.written) touch(static_cast<size_t>(r), i);
    }
  }
  blocks.front().in.for_each([&](size_t r) { lives.at_entry.push_back(static_cast<int>(r)); });
  return lives;
}

}  // namespace pg::ptx
