// operands.h: the operands of a case in device memory.
#pragma once

#include "model/cases/case.h"

namespace pg::cases {

// In enough copies to fill cold_bytes: 0 for one, more to keep them out of the caches.
class Operands {
 public:
  // Fills the first copy: inputs with their values, outputs with NaN. Throws DeviceError if there
  // is not enough memory.
  Operands(Backend& backend, const Case& c, int64_t cold_bytes);
  ~Operands();
  Operands(const Operands&) = delete;
  Operands& operator=(const Operands&) = delete;

  const std::vector<Values>& values() const { return values_; }
  int64_t copies() const { return static_cast<int64_t>(copies_.size()); }
  Views copy(int64_t i) const { return copies_[static_cast<size_t>(i)]; }
  // Copies the first copy into all others.
  void spread();

 private:
  void add_copy(const Case& c);
  Backend& backend_;
  std::vector<void*> memory_;
  std::vector<Values> values_;
  std::vector<std::vector<TensorView>> copies_;
};

}  // namespace pg::cases
