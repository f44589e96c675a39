// iterations_test.cpp: whole iterations of the official networks at every resolution, of which a
// few blocks of each launch run: the first, the last and random ones, on a described GPU with 132
// processors.
//
// Values mean nothing here, because most blocks never run. Every address that a sampled block uses
// is checked, with one allocation per tensor where possible, and so are alignment, shared memory,
// registers, grids and launch limits. Pages that no sampled block touches take no memory.
#include <gtest/gtest.h>

#include <cstdlib>

#include "model/config/config_names.h"
#include "model/training/gan.h"
#include "tests/ptx/interpreter/module.h"

namespace pg::ptx {
namespace {

struct Iteration {
  int64_t resolution, minibatch;
  Precision precision;
  double alpha;
};

std::string name_of_iteration(const Iteration& i) {
  return std::to_string(i.resolution) + "N" + std::to_string(i.minibatch) +
         (i.precision == Precision::bf16 ? "Bf16" : "Tf32") + (i.alpha < 1 ? "Fading" : "Stable");
}
void PrintTo(const Iteration& i, std::ostream* out) { *out << name_of_iteration(i); }

std::vector<Iteration> all_iterations() {
  std::vector<Iteration> list;
  for (int64_t resolution = 4; resolution <= 1024; resolution *= 2) {
    for (const int64_t minibatch : {4, 16}) {
      for (const Precision precision : {Precision::bf16, Precision::tf32}) {
        list.push_back({resolution, minibatch, precision, 1.0});
        if (resolution > 4) list.push_back({resolution, minibatch, precision, 0.5});
      }
    }
  }
  return list;
}

// Blocks in the middle of each grid: PTX_RANDOM_SAMPLE, or as many as take minutes.
uint64_t random_blocks() {
  const char* const wanted = std::getenv("PTX_RANDOM_SAMPLE");
  return wanted == nullptr ? 30 : std::strtoull(wanted, nullptr, 10);
}

// The H100 of kernels/cuda's choices, with more memory than any official iteration needs.
void describe_device() {
  constexpr int kKeep = 0;
  setenv("PTX_SMS", "132", kKeep);
  setenv("PTX_SHARED_KB", "227", kKeep);
  setenv("PTX_COMPUTE", "90", kKeep);
  setenv("PTX_MEMORY_MB", "1000000", kKeep);
}

class OfficialIteration : public testing::TestWithParam<Iteration> {
 protected:
  static void SetUpTestSuite() {
    describe_device();
    options().sample = 1;
    options().random_sample = random_blocks();
    options().strict_tf32 = false;  // values that no block wrote are not rounded
  }
};

TEST_P(OfficialIteration, TouchesOnlyItsTensors) {
  const Iteration& i = GetParam();
  Config config = preset("official-tf");
  config.train.precision = i.precision;
  resolve(config, {.resolution = 1024, .channels = 3, .images = 1000});
  const auto pixels = static_cast<size_t>(i.minibatch * i.resolution * i.resolution * 3);
  const std::vector<uint8_t> images(pixels, 100);
  const std::vector<uint8_t> mirror(static_cast<size_t>(i.minibatch), 1);

  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  // Blocks of one byte: a tensor that does not fit into freed memory is an allocation of its own.
  Context context(*backend, {.persistent = 1, .step = 1});
  Gan gan(context, config);
  const uint64_t before = instructions_run();
  gan.iterate({.fade = {i.resolution, i.alpha}}, {.images = images, .mirror = mirror});
  backend->synchronize();
  EXPECT_GT(instructions_run(), before);
}

INSTANTIATE_TEST_SUITE_P(All, OfficialIteration, testing::ValuesIn(all_iterations()),
                         [](const auto& i) { return name_of_iteration(i.param); });

}  // namespace
}  // namespace pg::ptx
