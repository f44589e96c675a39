// conv_forms.cu: packing of filters for the tensor-core convolution, and the cache of the results.
//
// A block reads all taps of 32 x 32 (output, input) pairs once, along w's fast index, and writes
// each packed tap along the form's fast index; shared memory turns one into the other.
#include "kernels/cuda/conv_forms.h"

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/storage.cuh"

namespace pg::cuda {
namespace {

constexpr int kSide = 32, kRows = 8, kMostTaps = 9;

struct PackParams {
  const float* w;  // [k][side][side][c]
  int k, c, side;
  int outputs, inputs, padded, phases, taps, tap_width;
  ConvForm form;
  FilterUse use;
};

// The source rows (or columns) first .. end - 1 that a packed row sums.
struct TapRange {
  int first, end;
};

__device__ __forceinline__ TapRange tap_range(ConvForm form, int phase, int tap) {
  if (form == ConvForm::plain) return {tap, tap + 1};
  if (form == ConvForm::gather) return {max(tap - 1, 0), min(tap + 1, 3)};
  if (tap == 0) return {0, 1 + phase};
  return {1 + phase, 3};
}

// Sum of the taps that packed tap (u, v) of phase (a, b) stands for, of one filter plane.
__device__ float folded(const PackParams& p, int phase, int tap, const float* plane, int stride) {
  const TapRange rows = tap_range(p.form, phase / 2, tap / p.tap_width);
  const TapRange columns = tap_range(p.form, phase % 2, tap % p.tap_width);
  float sum = 0.0f;
  for (int r = rows.first; r < rows.end; ++r) {
    for (int s = columns.first; s < columns.end; ++s) {
      const int source = r * p.side + s;
      const bool flip = p.use == FilterUse::transposed;
      sum += plane[(flip ? p.side * p.side - 1 - source : source) * stride];
    }
  }
  return sum;
}

template <typename T>
__device__ __forceinline__ T rounded(float x) {
  if constexpr (sizeof(T) == 2) {
    return from_acc<T>(x);
  } else {
    return ptx::round_to_tf32(x);
  }
}

template <typename T>
__global__ void pack_filter_kernel(const PackParams p, T* __restrict__ out) {
  __shared__ float tile[kMostTaps][kSide][kSide + 1];
  const int c = static_cast<int>(blockIdx.x) * kSide + static_cast<int>(threadIdx.x);
  const int first_k = static_cast<int>(blockIdx.y) * kSide;
  const int taps_in = p.side * p.side;
  for (int row = static_cast<int>(threadIdx.y); row < kSide; row += kRows) {
    const bool inside = first_k + row < p.k && c < p.c;
    for (int t = 0; t < taps_in; ++t) {
      const int64_t at = (static_cast<int64_t>(first_k + row) * taps_in + t) * p.c + c;
      tile[t][row][threadIdx.x] = inside ? p.w[at] : 0.0f;
    }
  }
  __syncthreads();
  const bool forward = p.use == FilterUse::forward;
  const int first_output = static_cast<int>(forward ? blockIdx.y : blockIdx.x) * kSide;
  const int lane = static_cast<int>(threadIdx.x);
  const int input = static_cast<int>(forward ? blockIdx.x : blockIdx.y) * kSide + lane;
  for (int row = static_cast<int>(threadIdx.y); row < kSide; row += kRows) {
    const int output = first_output + row;
    if (output >= p.outputs || input >= p.padded) continue;
    const float* const plane = forward ? &tile[0][row][lane] : &tile[0][lane][row];
    for (int phase = 0; phase < p.phases; ++phase) {
      T* const to = out + (static_cast<int64_t>(phase) * p.outputs + output) * p.taps * p.padded;
      for (int tap = 0; tap < p.taps; ++tap) {
        to[static_cast<int64_t>(tap) * p.padded + input] =
            rounded<T>(folded(p, phase, tap, plane, kSide * (kSide + 1)));
      }
    }
  }
}

void pack_filter(Queue& queue, const FilterForm& form, void* out) {
  const Shape& w = form.w.shape;
  PG_ASSERT(w.h == w.w && (w.h == 3 || (w.h == 1 && form.form == ConvForm::plain)));
  const auto as_int = [](int64_t n) { return static_cast<int>(n); };
  const PackParams p{form.w.as<float>(),
                     as_int(w.n),
                     as_int(w.c),
                     as_int(w.h),
                     as_int(form.outputs()),
                     as_int(form.inputs()),
                     as_int(form.padded_inputs()),
                     as_int(form.phases()),
                     as_int(form.taps()),
                     form.form == ConvForm::spread   ? 2
                     : form.form == ConvForm::gather ? 4
                                                     : as_int(w.h),
                     form.form,
                     form.use};
  // Tiles cover the padding too: it is shorter than a tile, and a tile begins with a real input.
  const LaunchShape shape{.grid = dim3(static_cast<unsigned>(ceil_div(w.c, kSide)),
                                       static_cast<unsigned>(ceil_div(w.n, kSide))),
                          .block = dim3(kSide, kRows)};
  if (form.dtype == DType::bf16) {
    launch(queue, pack_filter_kernel<bf16>, shape, p, static_cast<bf16*>(out));
  } else {
    launch(queue, pack_filter_kernel<float>, shape, p, static_cast<float*>(out));
  }
}

}  // namespace

int64_t FilterForm::taps() const {
  if (form == ConvForm::spread) return 4;
  return form == ConvForm::gather ? 16 : w.shape.h * w.shape.w;
}

int64_t FilterForm::padded_inputs() const {
  const int64_t chunk = 16 / size_of(dtype);
  return ceil_div(inputs(), chunk) * chunk;
}

int64_t FilterForm::bytes() const {
  return phases() * taps() * outputs() * padded_inputs() * size_of(dtype);
}

const void* WeightForms::get(Queue& queue, const FilterForm& form) {
  PG_ASSERT(form.dtype == DType::bf16 || form.dtype == DType::f32);
  if (form.version == 0) {
    void* const scratch = queue.scratch(form.bytes());
    pack_filter(queue, form, scratch);
    return scratch;
  }
  Entry& entry = entries_[{form.w.data, form.form, form.use, form.dtype}];
  if (entry.bytes < form.bytes()) {
    if (entry.data != nullptr) outgrown_.push_back(entry.data);
    entry = {};
    PG_CUDA(cudaMalloc(&entry.data, static_cast<size_t>(form.bytes())));
    entry.bytes = form.bytes();
  }
  if (entry.version != form.version || entry.shape != form.w.shape) {
    entry.version = 0;  // should the launch fail, the entry holds nothing
    pack_filter(queue, form, entry.data);
    entry.version = form.version;
    entry.shape = form.w.shape;
  }
  return entry.data;
}

void WeightForms::clear() {
  for (const auto& [key, entry] : entries_) cudaFree(entry.data);
  for (void* p : outgrown_) cudaFree(p);
  entries_.clear();
  outgrown_.clear();
}

}  // namespace pg::cuda
