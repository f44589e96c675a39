// placing.h: places of registers and constants in the memory of a warp.
#pragma once

#include "tests/ptx/interpreter/liveness.h"

namespace pg::ptx {

// Registers that are not alive together share a place (linear scan).
class Placing : public Places {
 public:
  Placing(const Body& body, Kernel& kernel);
  uint8_t width_of(const Operand& o) const override;
  uint32_t place(const Operand& o, uint8_t width) override;
  // Registers that some path reads before it writes them.
  const std::vector<int>& unset() const { return unset_; }

 private:
  bool is_special(size_t id) const;
  void place_registers(const Lives& lives);
  uint32_t constant(int64_t value, uint8_t width);

  const Body& body_;
  Kernel& kernel_;
  std::vector<uint32_t> offsets_;  // of registers
  std::vector<int> unset_;
  std::map<std::pair<uint8_t, int64_t>, uint32_t> constants_;  // (width, bits) -> offset
};

}  // namespace pg::ptx
