// images.cu: image bytes to the network's range (contract: kernels/images.h).
//
// Results are written in packs that may span pixels (of three channels) but not rows. Bytes are
// read one by one, from cache if the fade needs a block of four pixels.
#include <cmath>

#include "kernels/cuda/block/divider.cuh"
#include "kernels/cuda/device/launchers.h"
#include "kernels/cuda/elementwise/map.cuh"

namespace pg::cuda {
namespace {

// --- kernels ---

template <typename T>
struct ImagesToFloat {
  using A = Acc<T>;
  const uint8_t *x, *mirror;  // mirror null: none
  const A* alpha;             // null: no fade
  T* y;
  Divider height, width, channels;
  A scale, shift;

  // A row of x, and whether it is read mirrored.
  struct Row {
    const uint8_t* bytes;
    bool mirrored;
  };
  __device__ A value(const Row& row, uint32_t w, uint32_t c) const {
    const uint32_t from = row.mirrored ? width.divisor() - 1 - w : w;
    const A byte = static_cast<A>(row.bytes[from * channels.divisor() + c]);
    return std::fma(byte, scale, shift);
  }

  template <int N>
  __device__ void apply(int64_t i) const {
    uint32_t line = static_cast<uint32_t>(i);  // n H + h
    uint32_t c = channels.split(line), w = width.split(line);
    const uint32_t sample = height.quotient(line), h = line - sample * height.divisor();
    const int64_t pitch = width.divisor() * channels.divisor();
    const bool mirrored = mirror != nullptr && mirror[sample] != 0;
    const Row row{x + line * pitch, mirrored};
    // The rows of the fade's block, in order.
    const Row top{row.bytes - h % 2 * pitch, mirrored}, bottom{top.bytes + pitch, mirrored};
    const A weight = alpha != nullptr ? A{1} - *alpha : A{0};
    Pack<T, N> out;
#pragma unroll
    for (int j = 0; j < N; ++j) {
      A f = value(row, w, c);
      if (alpha != nullptr) {
        const uint32_t left = w & ~1u;
        const A sum = value(top, left, c) + value(top, left + 1, c) + value(bottom, left, c) +
                      value(bottom, left + 1, c);
        f = std::fma(sum * A{0.25} - f, weight, f);
      }
      out.value[j] = from_acc<T>(f);
      if (++c == channels.divisor()) {
        c = 0;
        ++w;
      }
    }
    store(y + i, out);
  }
};

}  // namespace

// --- launchers ---

void images_to_float(Queue& queue, const ImagesToFloatArgs& args) {
  const Shape& s = args.x.shape;
  PG_ASSERT(args.y.shape == s && (!args.mirror || args.mirror.shape == (Shape{s.n, 1, 1, 1})));
  PG_ASSERT(!args.alpha || (s.h % 2 == 0 && s.w % 2 == 0));
  dispatch_storage(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const ImagesToFloat<T> f{.x = args.x.as<uint8_t>(),
                             .mirror = args.mirror.as<uint8_t>(),
                             .alpha = args.alpha.as<Acc<T>>(),
                             .y = args.y.as<T>(),
                             .height = Divider(s.h),
                             .width = Divider(s.w),
                             .channels = Divider(s.c),
                             .scale = static_cast<Acc<T>>(args.scale),
                             .shift = static_cast<Acc<T>>(args.shift)};
    const bool packs = s.w * s.c % kPack<T> == 0 && is_aligned(f.y);
    launch_map<kPack<T>>(queue, f, small_count(s.numel()), access_if(packs));
  });
}

}  // namespace pg::cuda
