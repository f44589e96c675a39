// copies.cpp: cp.async, whose bytes land as late as the program allows.
#include "tests/ptx/interpreter/counting.h"

namespace pg::ptx {
namespace {

// o[0] shared address, o[1] global address, o[2] bytes to copy (kNone: all), the rest is filled
// with zeros; width: of the copy; count: offset of the global address.
void copy_async(Warp& w, const Instr& i, uint32_t mask) {
  const uint32_t size = i.width;
  hardware::WarpRequest reads{.lanes = 0, .bytes = size, .address = {}}, writes = reads;
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    Copy c{static_cast<uint32_t>(address_of(w, i, lane)), size, w.copies[lane].groups, {}};
    const uint32_t valid = i.o[2] == Instr::kNone ? size : lanes_of<uint32_t>(w, i.o[2])[lane];
    if (valid > size) {
      throw LaneFault{
          "cp.async of " + std::to_string(valid) + " bytes out of " + std::to_string(size), lane};
    }
    const uint64_t from = lanes_of<uint64_t>(w, i.o[1])[lane] + i.count;
    if (from % size != 0) bad_address(from, size, "cp.async reads", lane);
    if (valid > 0) {
      const Allocation* const a = find_allocation(from);
      if (a == nullptr || a->freed || from + valid > a->end) {
        bad_address(from, size, "cp.async reads", lane);
      }
      if (w.block->global_races) {
        guarded(lane, [&] { note_global_read(from, valid, w.block->number, false); });
      }
      std::memcpy(c.bytes, reinterpret_cast<const void*>(from), valid);
      reads.add(static_cast<uint32_t>(lane), from);
    }
    writes.add(static_cast<uint32_t>(lane), c.to);
    guarded(lane, [&] { w.block->shared.start_copy(c.to, size, w.access(lane)); });
    w.copies[lane].copies.push_back(c);
  }
  if (hardware::LaunchCounters* const count = counters()) {
    ++count->cp_async;
    count->loads.add(reads);
    count->shared_stores.add(writes);
  }
}

void commit_group(Warp& w, const Instr&, uint32_t mask) {
  for (uint32_t left = mask; left != 0; left &= left - 1) ++w.copies[std::countr_zero(left)].groups;
}

// offset: groups that may stay under way; -1: none, and copies without a group land, too.
void wait_group(Warp& w, const Instr& i, uint32_t mask) {
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    CopyQueue& q = w.copies[lane];
    const int64_t end = i.offset < 0 ? int64_t{q.groups} + 1 : int64_t{q.groups} - i.offset;
    size_t n = 0;
    while (n < q.copies.size() && q.copies[n].group < end) ++n;
    guarded(lane, [&] {
      for (size_t k = 0; k < n; ++k) {
        const Copy& c = q.copies[k];
        w.block->shared.land(c.to, c.size, c.bytes, w.access(lane));
      }
    });
    q.copies.erase(q.copies.begin(), q.copies.begin() + static_cast<ptrdiff_t>(n));
  }
}

void decode_copy(const Ir& ir, Places& places, Instr& out) {
  const bool to_shared = ir.has("shared") || ir.has("shared::cta");
  const bool known = (ir.has("cg") || ir.has("ca")) && to_shared && ir.has("global");
  if (!known || ir.has("bulk") || ir.has("mbarrier") || ir.args.size() < 3) unknown(ir);
  out.run = copy_async;
  set_address(ir.args[0], places, out);
  const Operand& from = ir.args[1];
  if (from.value < 0 || from.value > 255) {
    fail("cp.async with the offset " + std::to_string(from.value));
  }
  out.count = static_cast<uint8_t>(from.value);
  const Operand base = register_operand(from.reg_id);
  if (places.width_of(base) != 8) fail("cp.async with a 32-bit global address");
  out.o[1] = places.place(base, 8);
  out.width = static_cast<uint8_t>(ir.args[2].value);
  const bool small = ir.has("ca") && (out.width == 4 || out.width == 8);
  if (out.width != 16 && !small) fail(ir.op + " of " + std::to_string(out.width) + " bytes");
  out.o[2] = ir.args.size() > 3 ? places.place(ir.args[3], 4) : Instr::kNone;
}

}  // namespace

bool decode_copies(const Ir& ir, Places& places, Instr& out) {
  if (ir.mods[0] != "cp") return false;
  if (!ir.has("async")) unknown(ir);
  if (ir.has("commit_group")) {
    out.run = commit_group;
  } else if (ir.has("wait_group") || ir.has("wait_all")) {
    out.run = wait_group;
    out.offset = ir.has("wait_all") ? -1 : ir.args.at(0).value;
  } else {
    decode_copy(ir, places, out);
  }
  return true;
}

}  // namespace pg::ptx
