// recorded_call.h: a call of a kernel of kernels.def and the launches that it would make.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/conv.h"
#include "kernels/error.h"
#include "kernels/planning.h"

namespace pg::bench {

struct CallOperand {
  std::string_view name;  // of the args struct: "x", "dw", ...
  DType dtype = DType::f32;
  Shape shape{};

  double bytes() const { return static_cast<double>(bytes_of(shape, dtype)); }
};

struct RecordedCall {
  std::string name;                // as in kernels.def, or "copy"
  std::optional<ConvMode> mode{};  // of convolutions
  std::vector<CallOperand> operands{};
  std::vector<PlannedLaunch> launches{};

  double bytes() const {  // every operand once
    double sum = 0;
    for (const CallOperand& o : operands) sum += o.bytes();
    return sum;
  }
  const CallOperand* find(std::string_view operand) const {
    for (const CallOperand& o : operands) {
      if (o.name == operand) return &o;
    }
    return nullptr;
  }
  bool has(std::string_view operand) const { return find(operand) != nullptr; }
  // Throws Error if there is no such operand.
  const CallOperand& at(std::string_view operand) const {
    const CallOperand* const o = find(operand);
    PG_CHECK(o != nullptr, Error, "model of ", name, ": expected an operand ", operand);
    return *o;
  }
};

// A convolution or its input gradient as y = conv(x, w): of the gradient, x is dy and y is dx.
struct ConvShapes {
  Shape in, w, out;
};
inline ConvShapes conv_shapes(const RecordedCall& call) {
  const bool forward = call.name == "conv2d";
  return {call.at(forward ? "x" : "dy").shape, call.at("w").shape,
          call.at(forward ? "y" : "dx").shape};
}

// Multiply-adds of a convolution or one of its gradients, resampling folded into the filter.
inline double multiply_adds(const RecordedCall& call) {
  if (!call.mode) return 0;
  const bool weights = call.name == "conv2d_weight_grad";
  const Shape w = call.at(weights ? "dw" : "w").shape;
  const Shape in = weights ? call.at("x").shape : conv_shapes(call).in;
  const Shape out = weights ? call.at("dy").shape : conv_shapes(call).out;
  const auto pixels = static_cast<double>(in.n * std::max(in.h * in.w, out.h * out.w));
  const int64_t taps = *call.mode == ConvMode::same ? w.h * w.w : 4;
  return pixels * static_cast<double>(w.n * w.c * taps);
}

}  // namespace pg::bench
