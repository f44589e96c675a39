// operands.cpp: allocates, fills and copies operands.
#include "model/cases/operands.h"

#include <algorithm>

namespace pg::cases {
namespace {
constexpr int64_t kMaxCopies = 256;
}  // namespace

Operands::Operands(Backend& backend, const Case& c, int64_t cold_bytes) : backend_(backend) {
  int64_t moving = 0;
  for (size_t i = 0; i < c.operands.size(); ++i) {
    const Operand& o = c.operands[i];
    values_.emplace_back(o.fill, o.dtype, i);
    if (o.place == Place::moves) moving += bytes_of(o.shape, o.dtype);
  }
  const int64_t copies = std::clamp<int64_t>((cold_bytes + moving - 1) / moving, 1, kMaxCopies);
  for (int64_t i = 0; i < copies; ++i) add_copy(c);
  for (size_t i = 0; i < c.operands.size(); ++i) {
    if (c.operands[i].role == Role::out) {
      poison(backend, copies_[0][i]);
    } else {
      values_[i].fill(backend, copies_[0][i]);
    }
  }
}

Operands::~Operands() {
  for (void* p : memory_) backend_.release(p);
}

void Operands::add_copy(const Case& c) {
  std::vector<TensorView> views;
  for (size_t i = 0; i < c.operands.size(); ++i) {
    const Operand& o = c.operands[i];
    if (o.place == Place::stays && !copies_.empty()) {
      views.push_back(copies_[0][i]);
      continue;
    }
    memory_.push_back(backend_.allocate(bytes_of(o.shape, o.dtype)));
    views.push_back({memory_.back(), o.dtype, o.shape});
  }
  copies_.push_back(std::move(views));
}

void Operands::spread() {
  for (size_t k = 1; k < copies_.size(); ++k) {
    for (size_t i = 0; i < copies_[k].size(); ++i) {
      if (copies_[k][i].data != copies_[0][i].data) backend_.copy(copies_[k][i], copies_[0][i]);
    }
  }
}

}  // namespace pg::cases
