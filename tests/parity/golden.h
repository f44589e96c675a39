// golden.h: values computed by a published variant (tests/goldens), and the same values computed by
// this engine.
//
// Each file holds parameters under the variant's own names, inputs, outputs, losses, gradients, and
// parameters after three training iterations; docs/parity.md describes how they were made.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "data/formats/safetensors.h"
#include "model/foreign/layout.h"
#include "model/networks/losses.h"

namespace pg::test {

// Quantity ("outputs of G", ...) -> largest error, relative to the largest value of a tensor.
using Errors = std::map<std::string, double>;

class Golden {
 public:
  // `variant` is the name of a file in tests/goldens, without its extension.
  explicit Golden(const std::string& variant);

  // The preset at the size of the file.
  const Config& config() const { return config_; }
  bool has_critic() const { return layout_ != Layout::exercise; }

  // Computes everything in the file in `dtype` on `context` with networks of `config`, which is
  // config() or deliberately wrong. `edit` may change the layout entries of a network first.
  using Edit = void (*)(std::vector<LayoutEntry>& entries);
  Errors compare(Context& context, const Config& config, DType dtype, Edit edit = nullptr) const;

  std::vector<double> values(const std::string& key) const;
  const Safetensors& file() const { return file_; }

 private:
  friend class Run;
  Safetensors file_;
  Config config_;
  Layout layout_;
};

}  // namespace pg::test
