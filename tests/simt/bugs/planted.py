"""planted.py: bugs of host code and of kernels at large sizes, planted one at a time by
plant_bugs.py. Those of PTX instructions are in tests/ptx/bugs/planted.py."""

UPLOAD = "kernels/cuda/device/upload.cpp"
QUEUE = "kernels/cuda/device/queue.cpp"
SUMS = "kernels/cuda/conv/wgrad/wgrad_sums.cu"
STRIP = "kernels/cuda/conv/fprop/fprop_strip_kernel.cuh"
MAP = "kernels/cuda/elementwise/map.cuh"
GAN = "model/training/gan.cpp"

# The tests that run with a bug.
TRAINING = ("test_cuda_ops_plain", "CapturedIteration.*")
CONV = ("test_cuda_plain", "TensorConv.*:*TensorConvCase*/16_to_24:*TensorConvCase*/*wide*")
WGRAD = ("test_cuda_plain", "ConvWeightTensor.*")


class Bug:
    """changes: (file, old, new); source: the file to compile again; runs: (program, filter);
    layers: those that must find it."""

    def __init__(self, name, what, source, changes, runs, layers):
        self.name, self.what, self.source = name, what, source
        self.changes, self.runs, self.layers = changes, runs, set(layers)


BUGS = [
    Bug("none", "nothing: the control", UPLOAD, [], [TRAINING], []),
    Bug("upload-arrived", "Upload: the kernels' stream does not wait for the transfer", UPLOAD,
        [(UPLOAD, "  PG_CUDA(cudaStreamWaitEvent(queue_.stream(), slot.arrived, 0));\n", "")],
        [TRAINING], ["late"]),
    Bug("upload-slot", "Upload: a slot is filled again before its bytes were copied on", UPLOAD,
        [(UPLOAD, "  if (slot.bytes > 0) PG_CUDA(cudaEventSynchronize(slot.consumed));\n", "")],
        [TRAINING], ["late"]),
    Bug("smem-limit", "Queue: kernels may have at most 96 KB of shared memory", QUEUE,
        [(QUEUE, "static_cast<int>(smem_per_block_)",
          "std::min(static_cast<int>(smem_per_block_), 96 << 10)"),
         (QUEUE, '#include "kernels/cuda/device/queue.h"\n',
          '#include "kernels/cuda/device/queue.h"\n\n#include <algorithm>\n')],
        [CONV], ["at_once", "late", "truncated"]),
    Bug("smem-unchecked", "fprop: strips are candidates whatever their shared memory",
        "kernels/cuda/conv/fprop/fprop_strip_bf16.cu",
        [(STRIP, "    if (StripLayout<T, Strip>::kSharedBytes > queue.smem_per_block()) return "
                 "false;\n", "")],
        [CONV], ["rtx3090"]),
    Bug("last-part", "fprop: the last part of split sums is skipped",
        "kernels/cuda/conv/fprop/fprop_sums.cu",
        [("kernels/cuda/conv/fprop/fprop_sums.cu", "part < parts.count", "part + 1 < parts.count")],
        [CONV], ["at_once", "late", "rtx3090", "truncated"]),
    Bug("sums-stride", "wgrad: chunks of partial sums as far apart as unpadded filters", SUMS,
        [(SUMS, "chunk_numel = w.n * args.taps_h * args.taps_w * w.c", "chunk_numel = w.numel()")],
        [WGRAD], ["at_once", "late", "rtx3090", "truncated"]),
    Bug("late-alpha", "Gan: the weight of the fade is uploaded after the captured iteration", GAN,
        [(GAN, "  if (plan.fading) from_host(alpha_, std::vector<double>{settings.fade.alpha});\n",
          "  if (plan.fading && !(plan == last_ && backend.can_capture())) {\n"
          "    from_host(alpha_, std::vector<double>{settings.fade.alpha});\n  }\n"),
         (GAN, "  last_version_ = weights_version();\n",
          "  last_version_ = weights_version();\n"
          "  if (plan.fading) from_host(alpha_, std::vector<double>{settings.fade.alpha});\n")],
        [TRAINING], ["at_once", "late", "rtx3090", "truncated"]),
    Bug("old-alpha", "Gan: an iteration of a fade uses the weight of the one before", GAN,
        [(GAN, "  if (plan.fading) from_host(alpha_, std::vector<double>{settings.fade.alpha});\n",
          "  if (plan.fading && !(plan == last_)) {\n"
          "    from_host(alpha_, std::vector<double>{settings.fade.alpha});\n  }\n"),
         (GAN, "  last_version_ = weights_version();\n",
          "  last_version_ = weights_version();\n"
          "  if (plan.fading) from_host(alpha_, std::vector<double>{settings.fade.alpha});\n")],
        [("test_model", "Iteration.*")], ["at_once", "late", "rtx3090", "truncated"]),
    Bug("large-grid", "map: one pack too many where there are four million elements",
        "kernels/cuda/elementwise/pointwise.cu",
        [(MAP, "  const int64_t blocks = ceil_div(count, kMapThreads * N);\n",
          "  if (count >= 1 << 22) count += N;\n"
          "  const int64_t blocks = ceil_div(count, kMapThreads * N);\n")],
        [TRAINING], ["official"]),
]
