"""planted.py: the bugs that plant_bugs.py plants, one at a time, in copies of the kernels."""

PTX = "kernels/cuda/block/ptx.cuh"
FPROP = "kernels/cuda/conv/fprop/fprop_kernel.cuh"
STRIP = "kernels/cuda/conv/fprop/fprop_strip_kernel.cuh"
EPILOGUE = "kernels/cuda/conv/fprop/fprop_epilogue.cuh"
WGRAD = "kernels/cuda/conv/wgrad/wgrad_kernel.cuh"
MATMUL = "kernels/cuda/matmul/matmul_tensor.cu"
ADAM = "kernels/cuda/adam/adam.cu"

# The compiled source and the tests that must find a bug in it.
CONV = "Shapes/TensorConvCase*/16_to_24:Shapes/TensorConvCase*/40_to_3:Shapes/TensorConvCase*/64_to_72"
IN_FPROP = ("kernels/cuda/conv/fprop/fprop_plain_bf16.cu", CONV)
IN_FPROP_TF32 = ("kernels/cuda/conv/fprop/fprop_plain_tf32.cu", "TensorConv.RoundsFactorsWithoutBias")
IN_STRIP = ("kernels/cuda/conv/fprop/fprop_strip_bf16.cu", "TensorConv.*:Shapes/TensorConvCase*")
IN_WGRAD = ("kernels/cuda/conv/wgrad/wgrad_bf16.cu", "ConvWeightTensor.EveryCandidateForSameMatches")
IN_WGRAD_TF32 = ("kernels/cuda/conv/wgrad/wgrad_tf32.cu",
                 "ConvWeightTensor.RoundsF32FactorsToTheNearestTf32")
IN_MATMUL = (MATMUL, "MatmulTensor.*")
IN_ADAM = (ADAM, "AdamWithPackedFilters.*:adam.*")
IN_REDUCE = ("kernels/cuda/norm/reduce.cu", "reduce_sum.*")

A = '"r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3])'
B = '"r"(b[0]), "r"(b[1]))'
ZERO_FILL = "[%0], [%1], 16, %2;"
CLOBBER = '\n               : "memory");'


class Bug:
    """changes: (file, text after which to look, old, new); found: whether a layer must see it."""

    def __init__(self, name, what, where, changes, found=True):
        self.name, self.what, self.where, self.changes, self.found = (
            name, what, where, changes, found)


def in_ptx(function, old, new):
    return (PTX, "void " + function + "(", old, new)


ROUNDING = [(PTX, "", "cvt.rna.tf32.f32 %0, %1;", "mov.b32 %0, %1;")]

BUGS = [
    Bug("none", "nothing: the control", IN_MATMUL, [], found=False),
    Bug("mma-a-order", "mma_bf16: registers a1 and a2 swapped", IN_FPROP,
        [in_ptx("mma_bf16", A, '"r"(a[0]), "r"(a[2]), "r"(a[1]), "r"(a[3])')]),
    Bug("mma-b-order", "mma_bf16: registers b0 and b1 swapped", IN_FPROP,
        [in_ptx("mma_bf16", B, '"r"(b[1]), "r"(b[0]))')]),
    Bug("mma-a-twice", "mma_bf16: a2 given in place of a3", IN_FPROP,
        [in_ptx("mma_bf16", A, '"r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[2])')]),
    Bug("mma-d-order", "mma_bf16: c in another order than d", IN_FPROP,
        [in_ptx("mma_bf16", "{%8,%9}, {%0,%1,%2,%3}", "{%8,%9}, {%2,%3,%0,%1}")]),
    Bug("mma-output-only", 'mma_bf16: "=f" for "+f"', IN_FPROP,
        [in_ptx("mma_bf16", ': "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])',
                ': "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])')]),
    Bug("mma-f16", "mma_bf16: .f16 types", IN_FPROP,
        [in_ptx("mma_bf16", "f32.bf16.bf16.f32", "f32.f16.f16.f32")]),
    Bug("mma-row-row", "mma_bf16: .row.row", IN_FPROP,
        [in_ptx("mma_bf16", ".row.col.", ".row.row.")]),
    Bug("mma-tf32-a-order", "mma_tf32: registers a1 and a2 swapped", IN_MATMUL,
        [in_ptx("mma_tf32", A, '"r"(a[0]), "r"(a[2]), "r"(a[1]), "r"(a[3])')]),
    Bug("mma-tf32-as-bf16", "mma_tf32: m16n8k16 bf16 instead", IN_MATMUL,
        [in_ptx("mma_tf32", "m16n8k8.row.col.f32.tf32.tf32.f32",
                "m16n8k16.row.col.f32.bf16.bf16.f32")]),
    Bug("tf32-not-rounded", "round_to_tf32: mov for cvt.rna", IN_MATMUL, ROUNDING),
    Bug("tf32-not-rounded-f", "the same in fprop", IN_FPROP_TF32, ROUNDING),
    Bug("tf32-not-rounded-w", "the same in wgrad", IN_WGRAD_TF32, ROUNDING),
    Bug("ldmatrix-trans", "ldmatrix_x4: .trans", IN_FPROP,
        [in_ptx("ldmatrix_x4", ".x4.shared", ".x4.trans.shared")]),
    Bug("ldmatrix-no-trans", "ldmatrix_x4_trans: without .trans", IN_WGRAD,
        [in_ptx("ldmatrix_x4_trans", ".x4.trans.shared", ".x4.shared")]),
    Bug("ldmatrix-x2-no-trans", "ldmatrix_x2_trans: without .trans", IN_WGRAD,
        [in_ptx("ldmatrix_x2_trans", ".x2.trans.shared", ".x2.shared")]),
    Bug("ldmatrix-order", "ldmatrix_x4: outputs 1 and 2 swapped", IN_FPROP,
        [in_ptx("ldmatrix_x4", "{%0,%1,%2,%3}", "{%0,%2,%1,%3}")]),
    # Without volatile and "memory" nvcc writes the same PTX today: nothing is wrong yet.
    Bug("ldmatrix-pure", 'ldmatrix_x4: neither volatile nor "memory"', IN_FPROP,
        [in_ptx("ldmatrix_x4", "asm volatile(", "asm("),
         in_ptx("ldmatrix_x4", CLOBBER, ");")], found=False),
    Bug("ldmatrix-trans-pure", 'ldmatrix_x4_trans: neither volatile nor "memory"', IN_WGRAD,
        [in_ptx("ldmatrix_x4_trans", "asm volatile(", "asm("),
         in_ptx("ldmatrix_x4_trans", CLOBBER, ");")], found=False),
    Bug("cp-pure", 'cp_async_16, commit, wait: no "memory" clobbers', IN_FPROP,
        [in_ptx("cp_async_16", CLOBBER, ");"),
         in_ptx("cp_async_commit", '::: "memory"', "::"),
         in_ptx("cp_async_wait", ' : "memory"', "")], found=False),
    Bug("cp-size", "cp_async_16: copies 8 bytes (.ca)", IN_FPROP,
        [in_ptx("cp_async_16", "cp.async.cg.shared.global " + ZERO_FILL,
                "cp.async.ca.shared.global [%0], [%1], 8, %2;")]),
    Bug("cp-no-zero-fill", "cp_async_16: valid bytes not given", IN_FPROP,
        [in_ptx("cp_async_16", ZERO_FILL, "[%0], [%1], 16;")]),
    Bug("cp-fill-inverted", "cp_async_16: zero fill inverted", IN_FPROP,
        [in_ptx("cp_async_16", '"r"(valid)', '"r"(16 - valid)')]),
    Bug("cp-predicate-inverted", "cp_async_16: under a predicate, inverted", IN_FPROP,
        [in_ptx("cp_async_16", '"cp.async.cg.shared.global ' + ZERO_FILL + '"',
                '"{ .reg .pred p; setp.ne.b32 p, %2, 0; @!p cp.async.cg.shared.global ' +
                ZERO_FILL + ' }"')]),
    Bug("cp-operands-swapped", "cp_async_16: the two addresses swapped", IN_FPROP,
        [in_ptx("cp_async_16", "[%0], [%1], 16", "[%1], [%0], 16")]),
    Bug("wait-off-by-one", "wait_group: one group more may be under way", IN_FPROP,
        [in_ptx("cp_async_wait", '"n"(pending)', '"n"(pending + 1)')]),
    Bug("wait-missing", "no wait_group", IN_FPROP,
        [in_ptx("cp_async_wait", 'asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");',
                "")]),
    Bug("commit-missing", "no commit_group", IN_FPROP,
        [in_ptx("cp_async_commit", 'asm volatile("cp.async.commit_group;" ::: "memory");', "")]),
    Bug("address-cut", "shared_address: generic address cut to 32 bits", IN_FPROP,
        [(PTX, "", "static_cast<uint32_t>(__cvta_generic_to_shared(p))",
          "static_cast<uint32_t>(reinterpret_cast<uintptr_t>(p))")]),
    Bug("stages-pointer", "dynamic_smem: starts 8 bytes further", IN_FPROP,
        [(PTX, "", "return reinterpret_cast<T*>(pg_dynamic_smem);",
          "return reinterpret_cast<T*>(pg_dynamic_smem + 8);")]),
    Bug("vectors-unaligned", "matmul_tensor: vectors whatever the address", IN_MATMUL,
        [(MATMUL, "", "return m.shape.c % kFour == 0 && address %",
          "return m.shape.c % kFour >= 0 && address * 0 %")]),
    Bug("barrier-missing", "fprop: no __syncthreads after the wait", IN_FPROP,
        [(FPROP, "cp_async_wait<Tile::kStages - 2>();", "__syncthreads();", "")]),
    Bug("launch-bounds", "fprop: __launch_bounds__ half of the block", IN_FPROP,
        [(FPROP, "", "__launch_bounds__(Tile::kThreads, Tile::kBlocks)",
          "__launch_bounds__(Tile::kThreads / 2, Tile::kBlocks)")]),
    Bug("offset-unsigned", "fprop: negative offset made unsigned before it is widened", IN_FPROP,
        [(FPROP, "", "(inside ? offset_[i] + offset + column : 0)",
          "static_cast<uint32_t>(inside ? offset_[i] + offset + column "
          ": offset_[i] - 1)")]),
    Bug("line-end", "fprop: pixels beyond the end of a line are those of the next one", IN_FPROP,
        [(FPROP, "", "(outside >> i & 1) != 0 ? kZeros : row", "row")]),
    Bug("strip-wait", "fprop_strip: one line more may be under way", IN_STRIP,
        [(STRIP, "", "cp_async_wait<Strip::kAhead - 1>();", "cp_async_wait<Strip::kAhead>();")]),
    Bug("epilogue-lanes", "fprop_epilogue: the sum of squares misses two lanes of a row", IN_FPROP,
        [(EPILOGUE, "", "sum += __shfl_xor_sync(~0u, sum, 2);", "")]),
    Bug("wgrad-barrier", "wgrad: no __syncthreads after the wait", IN_WGRAD,
        [(WGRAD, "cp_async_wait<kStages - 2>();", "__syncthreads();", "")]),
    Bug("matmul-barrier", "matmul_tensor: no __syncthreads between stages", IN_MATMUL,
        [(MATMUL, "", "__syncthreads();  // the only one", "//")]),
    Bug("adam-barrier", "adam: the first __syncthreads of the copies is missing", IN_ADAM,
        [(ADAM, "", "__syncthreads();", "")]),
    Bug("reduce-barrier", "reduce: no __syncthreads before the sums of warps are added", IN_REDUCE,
        [("kernels/cuda/norm/reduce.cu", "", "__syncthreads();", "")]),
]
