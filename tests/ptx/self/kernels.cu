// kernels.cu: small kernels for interpreter_test.cpp: healthy ones, and planted bugs by number.
#include "kernels/cuda/block/ptx.cuh"

// PTX outside of block/ptx.cuh on purpose: the text itself is under test.
namespace device = pg::cuda::ptx;

struct Pair {
  int a;
  double b;
};

// One 16x8 tile: d = a b, a row-major bf16 [16][16], b [16][8]. trans: b through ldmatrix.trans.
extern "C" __global__ void tile_bf16(const uint16_t* a, const uint16_t* b, float* d, int trans) {
  __shared__ __align__(16) uint16_t sa[16][16], sb[16][8], st[8][16];
  const int lane = threadIdx.x;
  for (int i = lane; i < 256; i += 32) sa[i / 16][i % 16] = a[i];
  for (int i = lane; i < 128; i += 32) sb[i / 8][i % 8] = st[i % 8][i / 8] = b[i];
  __syncwarp();
  uint32_t fa[4], fb[4];
  float acc[4] = {};
  device::ldmatrix_x4(fa, &sa[lane % 16][lane / 16 * 8]);
  if (trans) {
    uint32_t two[2];
    device::ldmatrix_x2_trans(two, &sb[lane % 16][0]);
    fb[0] = two[0];
    fb[1] = two[1];
  } else {
    device::ldmatrix_x4(fb, &st[lane % 8][lane / 8 % 2 * 8]);
  }
  const uint32_t pair[2] = {fb[0], fb[1]};
  device::mma_bf16(acc, fa, pair);
  for (int i = 0; i < 4; ++i) d[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = acc[i];
}

// d = a b of one 16x8x8 tile, a and b constant. Rounded factors are tf32 numbers.
extern "C" __global__ void tile_tf32(float* d, float a, float b, int rounded) {
  const float x = rounded ? device::round_to_tf32(a) : a,
              y = rounded ? device::round_to_tf32(b) : b;
  const uint32_t fa = __float_as_uint(x), fb = __float_as_uint(y);
  const uint32_t as[4] = {fa, fa, fa, fa}, bs[2] = {fb, fb};
  float acc[4] = {};
  device::mma_tf32(acc, as, bs);
  for (int i = 0; i < 4; ++i) d[threadIdx.x * 4 + i] = acc[i];
}

extern "C" __global__ void parameters(double* out, int8_t small, Pair pair, float3 v,
                                      const double* in) {
  const int t = threadIdx.x;
  out[t] = small + pair.a * pair.b + v.x * v.y + v.z + pow(in[t], 1.5);
}

extern "C" __global__ void divergent(int* out, int n) {
  const int t = threadIdx.x;
  int sum = 0;
  for (int i = 0; i < t % 7; ++i) {
    if ((i ^ t) & 1) {
      sum += i;
    } else {
      sum -= n;
    }
  }
  for (int o = 16; o > 0; o /= 2) sum += __shfl_xor_sync(~0u, sum, o);
  const unsigned odd = __ballot_sync(~0u, t & 1);
  out[t] =
      sum + static_cast<int>(__popc(odd)) + __syncthreads_or(t == 5) + __syncthreads_count(t < 3);
}

// Integers that wrap, shifts, fields and conversions, each compared with the host's result.
extern "C" __global__ void integers(uint32_t* out, const uint32_t* in) {
  const int t = threadIdx.x;
  const uint32_t x = in[t], y = in[(t + 1) % 32];
  const int s = static_cast<int>(x);
  uint32_t* const r = out + t * 8;
  r[0] = x * y + t;
  r[1] = __umulhi(x, y);
  r[2] = static_cast<uint32_t>(s >> (y & 31)) ^ __funnelshift_l(x, y, t);
  r[3] = __byte_perm(x, y, 0x3715);
  r[4] = y == 0 ? 0 : x / y;
  r[5] = static_cast<uint32_t>(__float2int_rz(static_cast<float>(s) * 1e-3f));
  r[6] = static_cast<uint32_t>(__clz(s)) * 100 + static_cast<uint32_t>(__popc(x));
  r[7] = __reduce_max_sync(~0u, x);
}

__device__ void copy_4(float* to, const float* from, int valid) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;"
               :
               : "r"(device::shared_address(to)), "l"(from), "r"(valid)
               : "memory");
}

// A block of 64 threads. bug 0: nothing is wrong.
extern "C" __global__ void bugs(float* out, const float* in, int n, int bug) {
  __shared__ __align__(16) float s[64], late[64];
  const int t = threadIdx.x;
  switch (bug) {
    case 0:
      s[t] = in[t];
      __syncthreads();
      out[t] = s[t ^ 33];
      break;
    case 1:  // out of bounds
      out[n + t] = 1;
      break;
    case 2: {  // misaligned
      const float2 v = reinterpret_cast<const float2*>(in + 1)[t];
      out[t] = v.x + v.y;
      break;
    }
    case 3:  // never written
      s[t ^ 32] = late[t];
      out[t] = s[t];
      break;
    case 4:  // race between warps
      s[t] = t;
      out[t] = s[t ^ 32];
      break;
    case 5:  // race inside the warp
      s[t] = t;
      out[t] = s[t ^ 1];
      break;
    case 6:  // barriers in a loop whose length differs within the warp
      for (int i = 0; i < (t % 32 < 16 ? 2 : 1); ++i) __syncthreads();
      s[t] = t;
      __syncthreads();
      out[t] = s[t ^ 1];
      break;
    case 7:  // a member does not come
      if (t % 32 < 16) out[t] = __shfl_xor_sync(~0u, t, 1);
      break;
    case 8:  // not waited for
      copy_4(&s[t], in + t, 4);
      device::cp_async_commit();
      __syncthreads();
      out[t] = s[t];
      break;
    case 9:  // waited for by its own thread alone
      copy_4(&s[t], in + t, 4);
      device::cp_async_commit();
      device::cp_async_wait<0>();
      out[t] = s[t ^ 1];
      break;
    case 10:  // beyond the variable
      out[t] = s[t * n];
      break;
    case 11: {  // write after read
      s[t] = t;
      __syncthreads();
      const float v = s[t ^ 32];
      s[t] = 0;
      out[t] = v;
      break;
    }
    case 12:  // endless
      while (t == 0 && atomicExch(out, 0.0f) == 0.0f) {
      }
      break;
    case 13:  // healthy: cp.async fills with zeros
      copy_4(&s[t], in + t, 0);
      device::cp_async_commit();
      device::cp_async_wait<0>();
      __syncwarp();
      out[t] = s[t];
      break;
  }
}

// ldmatrix as it must not be written: neither volatile nor with a "memory" clobber, so nvcc takes
// it out of the loop. d[i] = sum over n rounds of i + round.
__device__ void careless_ldmatrix(uint32_t (&r)[4], const void* row) {
  asm("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
      : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
      : "r"(device::shared_address(row)));
}
template <bool kCareless>
__device__ void rounds(float* d, int n) {
  __shared__ __align__(16) uint16_t tile[8][8];
  const int lane = threadIdx.x;
  float sum[2] = {};
  for (int k = 0; k < n; ++k) {
    tile[lane / 4][lane % 4 * 2] = static_cast<uint16_t>(lane * 2 + k);
    tile[lane / 4][lane % 4 * 2 + 1] = static_cast<uint16_t>(lane * 2 + 1 + k);
    __syncwarp();
    uint32_t r[4];
    if (kCareless) {
      careless_ldmatrix(r, &tile[lane % 8][0]);
    } else {
      device::ldmatrix_x4(r, &tile[lane % 8][0]);
    }
    __syncwarp();
    sum[0] += r[0] & 0xFFFF;
    sum[1] += r[0] >> 16;
  }
  d[lane * 2] = sum[0];
  d[lane * 2 + 1] = sum[1];
}
extern "C" __global__ void clobbered(float* d, int n) { rounds<false>(d, n); }
extern "C" __global__ void not_clobbered(float* d, int n) { rounds<true>(d, n); }

// Two blocks of 32 threads that meet in global memory. bug 3: the caller passes out as in.
extern "C" __global__ void meet(float* out, const float* __restrict__ in, int bug) {
  const int t = threadIdx.x, b = blockIdx.x;
  if (bug == 1) {  // both write
    out[t] = b;
  } else if (bug == 2) {  // one reads what the other writes
    out[b * 32 + t] = 1;
    out[64 + b * 32 + t] = out[(1 - b) * 32 + t];
  } else {
    out[b * 32 + t] = in[b * 32 + t] + 1;
  }
}

// Kernels of overlapping launches. bug: what comes before the wait.
template <int bug>
__device__ void follow(float* out, const float* __restrict__ in) {
  float value = 0;
  if (bug == 1) value = in[threadIdx.x];
  if (bug == 2) out[threadIdx.x] = 1;
  if (bug == 3 && threadIdx.x == 5) return;
  asm volatile("griddepcontrol.wait;" ::: "memory");
  if (bug != 1) value = in[threadIdx.x];
  out[threadIdx.x] = value;
}
extern "C" __global__ void follows(float* out, const float* in) { follow<0>(out, in); }
extern "C" __global__ void reads_first(float* out, const float* in) { follow<1>(out, in); }
extern "C" __global__ void writes_first(float* out, const float* in) { follow<2>(out, in); }
extern "C" __global__ void leaves_first(float* out, const float* in) { follow<3>(out, in); }
