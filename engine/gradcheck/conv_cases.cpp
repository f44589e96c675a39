// conv_cases.cpp: convolution and its two gradients in all modes and in odd sizes, fused layers.
#include "engine/gradcheck/op_case.h"

namespace pg::gradcheck {
namespace {

struct ConvShape {
  const char* name;
  Shape x;
  int64_t k, r;  // out channels, filter size
  ConvGeometry g;
};

const ConvShape kShapes[] = {
    {"Same3x3", {2, 8, 8, 5}, 6, 3, {.scale = 0.7}},
    {"Same3x3OddImage", {3, 5, 7, 3}, 4, 3, {.scale = 1.3}},
    {"Same3x3Wide", {1, 8, 8, 33}, 17, 3, {.scale = 0.1}},
    {"Same4x4Image", {3, 4, 4, 9}, 8, 3, {.scale = 0.5}},
    {"Valid4x4", {2, 4, 4, 6}, 5, 4, {.pad = 0, .scale = 0.4}},
    {"FromRgb", {2, 6, 6, 3}, 19, 1, {.pad = 0, .scale = 0.8}},
    {"ToRgb", {2, 6, 6, 19}, 3, 1, {.pad = 0, .scale = 0.3}},
    {"Pointwise", {2, 3, 3, 18}, 21, 1, {.pad = 0, .scale = 0.3}},
    {"Up", {2, 4, 4, 6}, 5, 3, {.mode = ConvMode::up, .scale = 0.6}},
    {"UpOddImage", {1, 3, 5, 4}, 3, 3, {.mode = ConvMode::up, .scale = 1.1}},
    {"UpWide", {1, 4, 4, 34}, 18, 3, {.mode = ConvMode::up, .scale = 0.2}},
    {"Down", {2, 8, 8, 5}, 6, 3, {.mode = ConvMode::down, .scale = 0.9}},
    {"DownOddHalf", {1, 6, 10, 4}, 3, 3, {.mode = ConvMode::down, .scale = 0.9}},
    {"DownWide", {1, 8, 8, 20}, 35, 3, {.mode = ConvMode::down, .scale = 0.2}},
};

Shape output_of(const ConvShape& c) {
  const Shape& x = c.x;
  if (c.g.mode == ConvMode::up) return {x.n, 2 * x.h, 2 * x.w, c.k};
  if (c.g.mode == ConvMode::down) return {x.n, x.h / 2, x.w / 2, c.k};
  return {x.n, x.h + 2 * c.g.pad - c.r + 1, x.w + 2 * c.g.pad - c.r + 1, c.k};
}

// Stacked layers: a data gradient applies the gate of the layer below (Gate in engine/tape.h),
// unless another op uses that layer's result too.
std::vector<OpCase> stacked_cases() {
  const Shape x{2, 4, 4, 3}, w0{5, 3, 3, 3}, w1{5, 3, 3, 5}, w2{4, 3, 3, 5}, b{1, 1, 1, 5};
  const auto layer = [](const Tensor& in, const Tensor& w, const Tensor& bias) {
    return ops::conv_bias_lrelu(in, w, bias, {.scale = 0.5}, 0.2);
  };
  const auto stack = [=](const auto& in) {
    const Tensor y = layer(layer(in[0], in[1], in[2]), in[3], in[4]);
    return ops::conv2d(y, in[5], {.mode = ConvMode::down, .scale = 0.5});
  };
  const auto branches = [=](const auto& in) {
    const Tensor y = layer(in[0], in[1], in[2]);
    return ops::conv2d(ops::add(layer(y, in[3], in[4]), y), in[5], {.scale = 0.5});
  };
  const std::vector<Shape> inputs = {x, w0, b, w1, b, w2};
  const auto normed = [](const Tensor& in, const Tensor& w, const Tensor& bias, ConvMode mode) {
    return ops::conv_bias_lrelu_pixel_norm(in, w, bias, {.mode = mode, .scale = 0.5}, 0.2, 1e-2);
  };
  const auto normed_stack = [=](const auto& in) {
    const Tensor y = normed(in[0], in[1], in[2], ConvMode::same);
    return ops::conv2d(normed(y, in[3], in[4], ConvMode::up), in[5], {.scale = 0.5});
  };
  return {{.name = "StackedLayers", .inputs = inputs, .run = stack, .reduction = 200},
          {.name = "BranchedLayers", .inputs = inputs, .run = branches, .reduction = 200},
          {.name = "StackedNormedLayers", .inputs = inputs, .run = normed_stack, .reduction = 200}};
}

}  // namespace

std::vector<OpCase> conv_cases() {
  std::vector<OpCase> cases = stacked_cases();
  for (const ConvShape& c : kShapes) {
    const Shape w{c.k, c.r, c.r, c.x.c}, y = output_of(c), b{1, 1, 1, c.k};
    const auto terms = static_cast<double>(c.r * c.r * c.x.c);
    const auto pixels = static_cast<double>(y.pixels());
    const ConvGeometry g = c.g;
    const std::string name = c.name;
    cases.push_back({.name = "Conv" + name,
                     .inputs = {c.x, w},
                     .run = [g](const auto& in) { return ops::conv2d(in[0], in[1], g); },
                     .reduction = terms});
    cases.push_back(
        {.name = "ConvInputGrad" + name,
         .inputs = {y, w},
         .run = [g, x = c.x](const auto& in) { return ops::conv2d_input_grad(in[0], in[1], x, g); },
         .reduction = 4 * terms});
    cases.push_back(
        {.name = "ConvWeightGrad" + name,
         .inputs = {y, c.x},
         .run = [g, w](const auto& in) { return ops::conv2d_weight_grad(in[0], in[1], w, g); },
         .reduction = 4 * pixels});
    cases.push_back(
        {.name = "ConvBiasLrelu" + name,
         .inputs = {c.x, w, b},
         .run = [g](const auto& in) { return ops::conv_bias_lrelu(in[0], in[1], in[2], g, 0.2); },
         .reduction = terms});
    cases.push_back({.name = "ConvBiasLreluPixelNorm" + name,
                     .inputs = {c.x, w, b},
                     .run =
                         [g](const auto& in) {
                           return ops::conv_bias_lrelu_pixel_norm(in[0], in[1], in[2], g, 0.2,
                                                                  1e-2);
                         },
                     .reduction = terms});
  }
  return cases;
}

}  // namespace pg::gradcheck
