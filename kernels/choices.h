// choices.h: the enums of kernels that configuration and programs name too.
#pragma once

#include <cstdint>

namespace pg {

// The loops that the CPU backend runs. fast: the fast f32 path where it supports the shape.
// direct: direct loops for everything, the oracle.
enum class CpuPath : uint8_t { fast, direct };

// The products of f32 tensors in convolutions and matrix products on a GPU. exact: all in f32.
// tf32: factors rounded to 10 bits after the point, sums in f32, on tensor cores. bf16 tensors
// always use tensor cores with sums in f32.
enum class MatrixMath : uint8_t { exact, tf32 };

// The kernels that compute convolutions and matrix products on a GPU.
//   own      the project's: the same bits in every run, on every machine with the same kind of GPU.
//   vendor   cuDNN and cuBLASLt where they are installed and support the case, else the project's.
//   fastest  the fastest of the project's kernels, in each of their tilings, and the libraries';
//            except that bf16 weight gradients are the project's, since cuDNN rounds them to bf16.
// vendor and fastest time all candidates when a shape first occurs and keep the choices in a
// file (kernels/cuda, autotune.h): results have the same bits only with the same file. With
// PROGAN_CUDA_AUTOTUNE=off in the environment nothing is timed and the choice is fixed.
enum class CudaKernels : uint8_t { own, vendor, fastest };

// How kernels of a GPU are launched. checked: each is waited for, so that an error names the
// kernel; for finding a fault, since nothing then runs at the same time, and nothing is captured.
enum class Launches : uint8_t { queued, checked };

// The place of epsilon in Adam; the two published forms differ where gradients are small:
//   tensorflow  w -= lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + eps)
//   pytorch     w -= lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps)
enum class AdamEpsilon : uint8_t { tensorflow, pytorch };

// The weights that enter the EMA: those before this update (official) or after it.
enum class EmaOrder : uint8_t { before_update, after_update };

// The groups of samples that share a minibatch standard deviation: with M groups of `group`
// samples, sample i is in group i % M (strided, official) or i / group (contiguous, GAN
// zoo).
enum class GroupOrder : uint8_t { strided, contiguous };

// Whether a variance divides by the number of samples (biased) or by one less.
enum class Variance : uint8_t { biased, unbiased };

}  // namespace pg
