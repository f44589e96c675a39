// rearrange.h: the same numbers in another order of axes.
//
// Published implementations differ in the order of the axes of their weights, in what is flattened
// and in whether filters are stored mirrored. All of it is written as two lists of axis letters:
// "o i y x" -> "o y x i" turns a PyTorch filter into one of ours.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pg {

// Extent of each axis letter.
using AxisExtents = std::map<char, int64_t>;

struct Rearrangement {
  std::string from, to;  // the same letters, one for each axis, outermost first; blanks are ignored
  std::string flip;      // axes that run backwards in `from`
};

// For each element in the order `to`, its place in the order `from`.
std::vector<int64_t> gather_indices(const Rearrangement& r, const AxisExtents& extents);

// The reverse: for each element in the order `from`, its place in the order `to`.
std::vector<int64_t> inverse(const std::vector<int64_t>& indices);

template <typename T>
std::vector<T> gathered(const std::vector<T>& values, const std::vector<int64_t>& indices) {
  std::vector<T> out(indices.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = values[static_cast<size_t>(indices[i])];
  return out;
}

}  // namespace pg
