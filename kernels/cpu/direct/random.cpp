// random.cpp: random numbers from the streams of philox.h.
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/parallel.h"
#include "kernels/philox.h"

namespace pg::cpu {
namespace {

// y[4 b + j] = numbers(block b).value[j]; the last block may be partly used.
template <typename F>
void generate(int threads, const PhiloxArgs& args, F numbers) {
  PG_ASSERT(args.counter.shape.numel() == 1);
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* const y = args.y.as<T>();
    const int64_t count = args.y.shape.numel();
    const uint64_t first = args.counter.as<uint64_t>()[0] + args.offset, seed = args.seed,
                   stream = args.stream;
    parallel_for(threads, count, 1024, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i += 4) {
        const auto four = numbers(philox(seed, stream, first + static_cast<uint64_t>(i / 4)));
        for (int64_t j = 0; j < std::min<int64_t>(4, end - i); ++j) {
          y[i + j] = static_cast<T>(four.value[j]);
        }
      }
    });
  });
}

struct Uniforms {
  float value[4];
};

}  // namespace

void CpuBackend::philox_normal(const PhiloxArgs& args) {
  generate(threads_, args, [](const PhiloxBlock& block) { return philox_normals(block); });
}

void CpuBackend::philox_uniform(const PhiloxArgs& args) {
  generate(threads_, args, [](const PhiloxBlock& block) {
    Uniforms u;
    for (int j = 0; j < 4; ++j) u.value[j] = philox_unit(block.word[j]);
    return u;
  });
}

}  // namespace pg::cpu
