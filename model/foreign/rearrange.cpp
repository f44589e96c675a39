// rearrange.cpp: index tables.
#include "model/foreign/rearrange.h"

#include <algorithm>

#include "kernels/error.h"

namespace pg {
namespace {

std::string letters(const std::string& axes) {
  std::string out;
  std::copy_if(axes.begin(), axes.end(), std::back_inserter(out), [](char c) { return c != ' '; });
  return out;
}

struct Axis {
  int64_t extent, stride, offset;  // in `from`; a flipped axis starts at its end
};

// The axes in the order `to`.
std::vector<Axis> axes_of(const Rearrangement& r, const AxisExtents& extents) {
  std::map<char, Axis> by_letter;
  const std::string from = letters(r.from), to = letters(r.to);
  int64_t stride = 1;
  for (auto c = from.rbegin(); c != from.rend(); ++c) {
    const int64_t extent = extents.at(*c);
    const bool flips = r.flip.find(*c) != std::string::npos;
    by_letter[*c] = {extent, flips ? -stride : stride, flips ? stride * (extent - 1) : 0};
    stride *= extent;
  }
  PG_ASSERT(from.size() == to.size() && by_letter.size() == to.size());
  std::vector<Axis> axes;
  for (const char c : to) axes.push_back(by_letter.at(c));
  return axes;
}

}  // namespace

std::vector<int64_t> gather_indices(const Rearrangement& r, const AxisExtents& extents) {
  std::vector<int64_t> indices = {0};
  for (const Axis& axis : axes_of(r, extents)) {
    std::vector<int64_t> next;
    next.reserve(indices.size() * static_cast<size_t>(axis.extent));
    for (const int64_t base : indices) {
      for (int64_t i = 0; i < axis.extent; ++i) {
        next.push_back(base + axis.offset + i * axis.stride);
      }
    }
    indices = std::move(next);
  }
  return indices;
}

std::vector<int64_t> inverse(const std::vector<int64_t>& indices) {
  std::vector<int64_t> out(indices.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    out[static_cast<size_t>(indices[i])] = static_cast<int64_t>(i);
  }
  return out;
}

}  // namespace pg
