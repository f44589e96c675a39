// case.cpp: the memory traffic of a case, and the official feature maps.
#include "model/cases/case.h"

#include "model/config/config.h"
#include "model/networks/layers.h"

namespace pg::cases {

double Case::bytes() const {
  double sum = 0;
  for (const Operand& o : operands) {
    sum += static_cast<double>(bytes_of(o.shape, o.dtype)) * (o.role == Role::inout ? 2.0 : 1.0);
  }
  return sum;
}

int64_t official_fmaps(int64_t resolution) {
  return channels_at(preset("official-tf").model, resolution);
}

}  // namespace pg::cases
