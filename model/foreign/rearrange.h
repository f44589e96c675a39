// rearrange.h: the same numbers in another order of axes.
//
// Published implementations differ in the order of the axes of their weights, in flattening and in
// mirrored filters. All of it is written as two lists of axis letters: "o i y x" -> "o y x i" turns
// a PyTorch filter into one of ours.
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
  std::string flip;      // axes that are reversed in `from`
};

// For each element in the order `to`, its index in the order `from`.
std::vector<int64_t> gather_indices(const Rearrangement& r, const AxisExtents& extents);

// The reverse: for each element in the order `from`, its index in the order `to`.
std::vector<int64_t> inverse(const std::vector<int64_t>& indices);

// values[indices[i]] for each i.
template <typename To, typename From>
std::vector<To> gathered(const std::vector<From>& values, const std::vector<int64_t>& indices) {
  std::vector<To> out(indices.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = values[static_cast<size_t>(indices[i])];
  return out;
}

template <typename T>
std::vector<T> gathered(const std::vector<T>& values, const std::vector<int64_t>& indices) {
  return gathered<T, T>(values, indices);
}

}  // namespace pg
