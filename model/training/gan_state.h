// gan_state.h: everything that training changes and a checkpoint holds: both networks, the EMA of
// G, the optimizers and the random streams.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/adam.h"
#include "engine/random.h"
#include "model/networks/discriminator.h"
#include "model/networks/generator.h"

namespace pg {

// Positions of the random streams.
struct RandomState {
  uint64_t latents = 0, mixing = 0;
  uint64_t latents_before = 0;  // `latents` at the start of the last iteration
};

struct GanState {
  // Draws the initial parameters from train.seed; `config` must be resolved.
  GanState(Context& context, const Config& config);
  GanState(const GanState&) = delete;
  GanState& operator=(const GanState&) = delete;

  // Forgets both optimizers' moments and step counts.
  void reset_optimizers();
  // Sets the EMA to the weights of G.
  void restart_ema();

  // Random numbers come from another stream from now on; 0 is the first one. Positions are kept.
  void choose_random_stream(int64_t stream);
  RandomState random_state() const;
  void set_random_state(const RandomState& s);

  // The tensors of a checkpoint with their names in files: "G/8x8/Conv1/weight", "D.adam/v", ...
  std::vector<std::pair<std::string, Tensor>> tensors() const;
  // The networks with the prefixes of those names: G, Gs (the EMA), D.
  std::vector<std::pair<std::string, ParameterStore*>> networks();
  std::vector<std::pair<std::string, const ParameterStore*>> networks() const;
  // The optimizers with the prefixes of those names, and the networks that they train.
  struct NamedOptimizer {
    std::string name;  // "G.adam"
    const Adam* adam;
    const ParameterStore* network;
  };
  std::vector<NamedOptimizer> optimizers() const;

  Generator generator;
  Discriminator discriminator;
  ParameterStore g, ema, d;
  RandomStream latents, mixing;
  uint64_t latents_before = 0;  // see RandomState
  int64_t random_stream = 0;
  Adam g_adam, d_adam;
};

}  // namespace pg
