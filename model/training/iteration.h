// iteration.h: the inputs of one training iteration.
#pragma once

#include <cstdint>
#include <span>

#include "model/config/fade.h"

namespace pg {

enum class Steps : uint8_t { both, critic_only };
enum class Latents : uint8_t { fresh, again };  // again: those of the previous iteration

struct IterationSettings {
  Steps steps = Steps::both;
  Latents latents = Latents::fresh;
  Fade fade;
  double g_learning_rate = 1e-3, d_learning_rate = 1e-3;
};

// A minibatch of real images in host memory. Views of memory that belongs to the caller; an
// iteration copies it.
struct RealImages {
  std::span<const uint8_t> images;  // [N, R, R, C]; empty only for a PlanningBackend
  std::span<const uint8_t> mirror;  // [N], 1: to be mirrored left to right
  // Classes of the real images and of the fakes of G's update, [N] each; empty: unconditional.
  std::span<const int32_t> labels{}, g_labels{};

  int64_t count() const { return static_cast<int64_t>(mirror.size()); }  // N
};

}  // namespace pg
