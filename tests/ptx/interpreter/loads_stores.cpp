// loads_stores.cpp: ld and st in every state space.
#include "tests/ptx/interpreter/counting.h"

namespace pg::ptx {
namespace {

char* local_at(Warp& w, uint64_t address, uint32_t size, int lane) {
  const uint64_t offset = address - kLocalBase;
  const uint32_t each_thread = w.block->kernel->local_bytes;
  if (address < kLocalBase || offset + size > each_thread || address % size != 0) {
    throw LaneFault{"local memory out of bounds or misaligned", lane};
  }
  return w.block->local.data() + uint64_t{w.thread(lane)} * each_thread + offset;
}

const char* param_at(Warp& w, uint64_t address, uint32_t size, int lane) {
  if (address + size > w.block->kernel->param_bytes) {
    throw LaneFault{"reads beyond the parameters", lane};
  }
  if (address % size != 0) throw LaneFault{"reads a parameter misaligned", lane};
  return w.block->params + address;
}

template <Space kSpace>
inline const char* readable(Warp& w, const Instr& i, uint64_t address, uint32_t size, int lane) {
  if constexpr (kSpace == shared) {
    return guarded(lane, [&] { return w.block->shared.read(address, size, w.access(lane)); });
  } else if constexpr (kSpace == local) {
    return local_at(w, address, size, lane);
  } else if constexpr (kSpace == param) {
    return param_at(w, address, size, lane);
  } else if constexpr (kSpace == generic) {
    if (address - kSharedWindow < kWindowBytes) {
      return readable<shared>(w, i, address - kSharedWindow, size, lane);
    }
    if (address - kLocalWindow < kWindowBytes) {
      return readable<local>(w, i, address - kLocalWindow, size, lane);
    }
  }
  const char* const p = global_at(i, address, size, "reads", lane);
  if (w.block->global_races) {
    guarded(lane, [&] { note_global_read(address, size, w.block->number, i.constant); });
  }
  return p;
}

template <Space kSpace>
inline void store(Warp& w, const Instr& i, uint64_t address, uint32_t size, const void* value,
                  int lane) {
  if constexpr (kSpace == shared) {
    guarded(lane, [&] { w.block->shared.write(address, size, value, w.access(lane)); });
    return;
  } else if constexpr (kSpace == local) {
    std::memcpy(local_at(w, address, size, lane), value, size);
    return;
  } else if constexpr (kSpace == generic) {
    if (address - kSharedWindow < kWindowBytes) {
      return store<shared>(w, i, address - kSharedWindow, size, value, lane);
    }
    if (address - kLocalWindow < kWindowBytes) {
      return store<local>(w, i, address - kLocalWindow, size, value, lane);
    }
  }
  char* const p = global_at(i, address, size, "writes", lane);
  if (w.block->global_races) {
    guarded(lane, [&] { note_global_write(address, size, value, w.block->number); });
  }
  std::memcpy(p, value, size);
}

constexpr uint32_t kMostValues = 4;

// A parameter is the same for all lanes.
template <typename T>
void load_for_all(Warp& w, const Instr& i, uint32_t mask) {
  const uint32_t size = i.count * static_cast<uint32_t>(sizeof(T));
  const int first = std::countr_zero(mask);
  const char* const p = readable<param>(w, i, static_cast<uint64_t>(i.offset), size, first);
  for (uint32_t e = 0; e < i.count; ++e) {
    T value;
    std::memcpy(&value, p + e * sizeof(T), sizeof(T));
    if (i.o[1 + e] == Instr::kNone) continue;
    each(mask, lanes_of<T>(w, i.o[1 + e]), [value]() { return value; });
  }
}

// o[0]: base; o[1...]: values (kNone: none wanted); width: of their registers.
template <typename T, Space kSpace>
void load(Warp& w, const Instr& i, uint32_t mask) {
  if (kSpace == param && i.width2 == 0 && i.width == sizeof(T)) return load_for_all<T>(w, i, mask);
  const uint32_t n = i.count, size = n * static_cast<uint32_t>(sizeof(T));
  maybe_count<kSpace>(w, i, mask, Transfer::load, size);
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const char* const p = readable<kSpace>(w, i, address_of(w, i, lane), size, lane);
    T values[kMostValues];
    std::memcpy(values, p, size);
    for (uint32_t e = 0; e < n; ++e) {
      if (i.o[1 + e] == Instr::kNone) continue;
      if (i.width == sizeof(T)) {
        lanes_of<T>(w, i.o[1 + e])[lane] = values[e];
      } else {
        widen(lanes_of<char>(w, i.o[1 + e]), i.width, lane, values[e]);
      }
    }
  }
}

template <typename T, Space kSpace>
void store_all(Warp& w, const Instr& i, uint32_t mask) {
  const uint32_t n = i.count, size = n * static_cast<uint32_t>(sizeof(T));
  maybe_count<kSpace>(w, i, mask, Transfer::store, size);
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    T values[kMostValues];
    for (uint32_t e = 0; e < n; ++e) {
      values[e] = narrow<T>(lanes_of<char>(w, i.o[1 + e]), i.width, lane);
    }
    store<kSpace>(w, i, address_of(w, i, lane), size, values, lane);
  }
}

template <typename T, Space kSpace>
Handler access(bool is_store) {
  if constexpr (kSpace == param) {
    return is_store ? nullptr : load<T, kSpace>;
  } else {
    return is_store ? store_all<T, kSpace> : load<T, kSpace>;
  }
}

template <Space kSpace>
Handler access_of(Type t, bool is_store) {
  const bool is_signed = t.kind == 's';
  switch (t.bits) {
    case 8:
      return is_signed ? access<int8_t, kSpace>(is_store) : access<uint8_t, kSpace>(is_store);
    case 16:
      return is_signed ? access<int16_t, kSpace>(is_store) : access<uint16_t, kSpace>(is_store);
    case 32:
      return is_signed ? access<int32_t, kSpace>(is_store) : access<uint32_t, kSpace>(is_store);
    case 64:
      return access<uint64_t, kSpace>(is_store);
    default:
      return nullptr;
  }
}

Handler access_in(Space space, Type t, bool is_store) {
  switch (space) {
    case generic:
      return access_of<generic>(t, is_store);
    case global:
      return access_of<global>(t, is_store);
    case shared:
      return access_of<shared>(t, is_store);
    case local:
      return access_of<local>(t, is_store);
    default:
      return access_of<param>(t, is_store);
  }
}

}  // namespace

bool decode_memory(const Ir& ir, Places& places, Instr& out) {
  const bool is_load = ir.mods[0] == "ld" || ir.mods[0] == "ldu", is_store = ir.mods[0] == "st";
  if (!is_load && !is_store) return false;
  const Type type = type_of(ir.mods.back());
  if (type.kind == 0) unknown(ir);
  const Operand& value = ir.args.at(is_load ? 0 : 1);
  const std::vector<Operand> single = {value};
  const std::vector<Operand>& values = value.kind == Operand::vec ? value.parts : single;
  const size_t expected = ir.has("v2") ? 2 : ir.has("v4") ? 4 : 1;
  if (values.size() != expected || ir.has("v8")) fail("a vector of another length: " + ir.op);
  out.count = static_cast<uint8_t>(expected);
  out.width = static_cast<uint8_t>(type.bits / 8);
  for (const Operand& v : values) {
    if (v.kind == Operand::reg) out.width = places.width_of(v);
  }
  if (out.width * 8 < type.bits) fail("a register narrower than the type: " + ir.op);
  for (size_t i = 0; i < expected; ++i) {
    const bool unwanted = values[i].kind == Operand::label;
    out.o[1 + i] = unwanted ? Instr::kNone : places.place(values[i], out.width);
  }
  set_address(ir.args.at(is_load ? 1 : 0), places, out);
  out.constant = ir.has("nc");
  out.run = access_in(space_of(ir), type, is_store);
  if (out.run == nullptr) unknown(ir);
  return true;
}

}  // namespace pg::ptx
