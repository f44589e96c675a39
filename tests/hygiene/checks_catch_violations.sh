#!/usr/bin/env bash
# checks_catch_violations.sh ROOT: every check of this folder passes on a small clean project and
# fails, for the right reason, on each violation planted in it.
set -euo pipefail
checks=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
slash=/ # planted paths are assembled, or this file would violate the rule it tests

# run CHECK: its output in $output, its status in $status.
run() {
  status=0
  output=$(bash "$checks/$1.sh" "$work/project" 2>&1) || status=$?
}

fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

# plant FILE TEXT: adds a line to a file of the small project.
plant() {
  mkdir -p "$work/project/$(dirname "$1")"
  printf '%s\n' "$2" >>"$work/project/$1"
}

clean_project() {
  rm -rf "$work/project"
  plant kernels/kernels.def $'PG_KERNEL(conv2d, Conv2dArgs)\nPG_KERNEL(fill, FillArgs)'
  plant kernels/error.h '#include <string>'
  plant kernels/conv.h '#include "kernels/error.h"'
  plant kernels/conv.h 'struct Conv2dArgs {};'
  plant kernels/pointwise.h 'struct FillArgs {};'
  plant kernels/cpu/conv.cpp '#include "kernels/conv.h"'
  plant kernels/cpu/direct/conv.cpp 'void CpuBackend::conv2d(const Conv2dArgs&) {}'
  plant kernels/cpu/direct/pointwise.cpp 'void CpuBackend::fill(const FillArgs&) {}'
  plant kernels/cuda/conv.cu '#include <cuda_runtime.h>'
  plant kernels/cuda/conv.cu 'void conv2d(Queue&, const Conv2dArgs&) {}'
  plant kernels/cuda/map/pointwise.cu 'void fill(Queue&, const FillArgs&) {}'
  plant engine/tensor.h '#include "kernels/conv.h"'
  plant engine/tensor.cpp 'void zero() { backend().fill({}); }'
  plant engine/ops/conv.cpp 'void f() { backend().conv2d({}); }'
  plant data/reader.cpp '#include "kernels/error.h"'
  plant model/layers.cpp '#include "data/reader.h"'
  plant apps/main.cpp '#include "model/layers.h"'
  plant apps/main.cpp '// backend().conv2d( in a comment is not a call'
  plant tests/kernels/conv_test.cpp '#include "kernels/cpu/conv.h"'
  plant scripts/run.sh '#!/usr/bin/env bash'
  plant docs/paper-to-code.md 'Convolution is `kernels/conv.h: include`.'
  plant docs/faults.md $'| Fault | Test |\n|---|---|\n| A power cut | `Conv.Survives` |'
  plant tests/kernels/conv_test.cpp 'TEST(Conv, Survives) {}'
  cp "$root/.clang-format" "$work/project/"
}

# expect CHECK REASON FILE TEXT: with TEXT added to FILE the check fails and says REASON.
expect() {
  clean_project
  plant "$3" "$4"
  run "$1"
  if ((status != 1)) || [[ $output != *"$3"* || $output != *"$2"* ]]; then
    fail "$1 on \"${4:0:80}\" in $3: status $status, output: $output"
  fi
}

clean_project
for check in includes_point_one_way ops_alone_call_kernels sources_are_formatted files_stay_short \
  files_stay_small \
  no_machine_in_files kernels_keep_the_rules kernels_keep_one_stem programs_print_safely; do
  run $check
  ((status == 0 || status == 77)) || fail "$check on the clean project: $output"
done

check=files_stay_small
expect $check "a package or an archive" torch.whl 'somebody else'
expect $check "more than 600 KB" data/numbers.h "$(head -c 700000 /dev/zero | tr '\0' 1)"

check=includes_point_one_way
expect $check "may include" kernels/error.h '#include "engine/tensor.h"'
expect $check "may include" kernels/conv.h '#include "kernels/cpu/conv.h"'
expect $check "may include" kernels/cpu/conv.cpp '#include "kernels/cuda/conv.h"'
expect $check "may include" engine/tensor.h '#include "kernels/cpu/conv.h"'
expect $check "may include" engine/ops/conv.cpp '#include <model/layers.h>'
expect $check "may include" engine/tensor.h '#include "data/reader.h"'
expect $check "may include" data/reader.cpp '#include "engine/tensor.h"'
expect $check "data may include only" data/reader.cpp '#include "kernels/conv.h"'
expect $check "may include" model/training/trainer.cpp '#  include "apps/main.h"'
expect $check "may include" apps/main.cpp '#include "kernels/cuda/conv.h"'
expect $check "may include" apps/main.cpp '#include "tests/conv_test.h"'
expect $check "may include CUDA" engine/tensor.h '#include <cuda_runtime.h>'
expect $check "may include CUDA" bench/step.cpp '#include <cublasLt.h>'
expect $check "may include CUDA" kernels/cpu/conv.cpp '#include <cub/cub.cuh>'
expect $check "may include CUDA" kernels/dtype.h '#include "cuda_bf16.h"'
expect $check "from the top" model/layers.cpp '#include "layers.h"'
expect $check "hides its layer" model/layers.cpp '#include "model/../apps/main.h"'
expect $check "the floor" kernels/cpu/fast/gemm.cpp '#include "kernels/cpu/parallel.h"'
expect $check "the floor" kernels/cpu/fast/simd/gemm.cpp '#include "kernels/cpu/fast/gemm.h"'
expect $check "the floor" kernels/cpu/cpu_backend.cpp '#include "kernels/cpu/direct/taps.h"'
expect $check "the floor" kernels/cuda/device/queue.h '#include "kernels/cuda/block/pack.cuh"'
expect $check "the floor" kernels/cuda/block/pack.cuh '#include "kernels/cuda/norm/sums.h"'
expect $check "the floor" kernels/cuda/norm/reduce.cu '#include "kernels/cuda/elementwise/map.cuh"'
expect $check "the floor" kernels/cuda/conv/filters/taps.h '#include "kernels/cuda/conv/conv.h"'
expect $check "the floor" kernels/cuda/conv/fprop/fprop.cu '#include "kernels/cuda/adam/adam.h"'
expect $check "the floor" kernels/cuda/norm/reduce.cu '#include "kernels/cuda/conv/taps.h"'
expect $check "the floor" kernels/cuda/autotune/autotune.h '#include "kernels/cuda/vendor/api.h"'
expect $check "the floor" kernels/cuda/vendor/api.cpp '#include "kernels/cuda/choice/choice.h"'
expect $check "the floor" kernels/cuda/choice/choice.cpp '#include "kernels/cuda/backend/backend.h"'
expect $check "the floor" engine/tape.h '#include "engine/ops/ops.h"'
expect $check "the floor" engine/tape.cpp '#include "engine/gradcheck/checks.h"'
expect $check "the floor" engine/ops/conv.cpp '#include "engine/gradcheck/checks.h"'
expect $check "the floor" data/files/files.h '#include "data/formats/npy.h"'
expect $check "the floor" data/formats/pickle/machine.cpp '#include "data/images/image.h"'
expect $check "the floor" data/formats/npy.cpp '#include "data/images/image.h"'
expect $check "the floor" data/sources/source.cpp '#include "data/sets/manifest.h"'
expect $check "the floor" model/config/config.h '#include "model/networks/generator.h"'
expect $check "the floor" model/device/device.cpp '#include "model/run/trainer.h"'
expect $check "the floor" model/networks/generator.cpp '#include "model/training/gan.h"'
expect $check "the floor" model/training/gan.cpp '#include "model/run/checkpoint.h"'
expect $check "the floor" model/run/trainer.cpp '#include "model/plan/fit.h"'
expect $check "the floor" model/plan/fit.cpp '#include "model/foreign/import.h"'
expect $check "the floor" model/foreign/import.cpp '#include "model/run/checkpoint.h"'

check=kernels_keep_one_stem
expect $check "no kernels/*.h defines" kernels/kernels.def 'PG_KERNEL(adam, AdamArgs)'
expect $check "is not implemented" kernels/kernels.def 'PG_KERNEL(conv3d, Conv2dArgs)'
expect $check "kernels/cpu/direct/conv.cpp" kernels/cpu/direct/pointwise.cpp \
  'void CpuBackend::conv2d(const Conv2dArgs& args) {}'
expect $check "expected conv.cu" kernels/cuda/map/pointwise.cu \
  $'void conv2d(Queue& queue,\n            const Conv2dArgs& args) {}'
expect $check "engine/ops/conv.cpp" engine/ops/matmul.cpp 'void g() { x.backend().conv2d({}); }'
expect $check "engine/ops/conv.cpp" engine/adam.cpp $'void g() { backend->conv2d({}); }'

check=ops_alone_call_kernels
expect $check "calls a kernel" model/layers.cpp 'void g() { tape.backend().conv2d({}); }'
expect $check "calls a kernel" model/layers.cpp 'void g() { y.backend().fill({}); }'
expect $check "calls a kernel" engine/tape.cpp 'void g() { backend_->conv2d({}); }'
expect $check "calls a kernel" engine/tape.h 'void g(Backend& device) { device.conv2d({}); }'
expect $check "calls a kernel" apps/main.cpp $'void g() {\n  engine.backend()\n      .conv2d({}); }'

run sources_are_formatted
((status == 77)) || expect sources_are_formatted "complaints" apps/main.cpp 'int  x ;'
expect files_stay_short "more than 400" scripts/run.sh "$(seq 401)"

check=programs_print_safely
expect $check "prints by itself" apps/info.cpp '  std::printf("%s", name.c_str());'
expect $check "prints by itself" apps/info.cpp '  fputs(name.c_str(), stderr);'
expect $check "prints by itself" apps/gradcheck.cpp '  std::cout << name;'

check=no_machine_in_files
expect $check "one machine" scripts/run.sh "cd ${slash}home/someone"
expect $check "one machine" README.md "Look at \`${slash}mnt/sets/faces\`."
expect $check "one machine" engine/tensor.h "const char* kPath = \"${slash}tmp/x\";"
expect $check "registry" README.md "pip install from pypi.""org"
expect $check "address" CMakeLists.txt "set(URL https:"//example.com/x.tar.gz")"

check=kernels_keep_the_rules
anonymous=$'namespace {\n%s\n}  // namespace'
expect $check "PTX outside" kernels/cuda/conv.cu '  asm volatile("nop;");'
expect $check "PTX outside" kernels/cuda/block/tile.cuh 'int a = __cvta_generic_to_shared(p);'
expect $check "__CUDA_ARCH__ outside" kernels/cuda/conv.cu '#if __CUDA_ARCH__ >= 900'
# shellcheck disable=SC2059  # the format is a variable on purpose
expect $check "use dynamic_smem" kernels/cuda/conv.cu \
  "$(printf "$anonymous" '  extern __shared__ float s[];')"
expect $check "outside an anonymous namespace" kernels/cuda/block/tile.cuh '__shared__ float s[4];'
expect $check "a kernel outside" kernels/cuda/conv.cu \
  "$(printf "$anonymous" 'int a;')"$'\n__global__ void f() {}'
expect $check "use launch()" kernels/cuda/conv.cu 'void f() { g<<<1, 2>>>(); }'
expect $check "put it in front" kernels/cuda/conv.cu \
  "$(printf "$anonymous" '  __shared__ alignas(16) float s[4];')"
expect $check "a mutable static" kernels/cuda/conv.cu '  static int calls;'
expect $check "does not begin with" kernels/cuda/conv.cu \
  "$(printf "$anonymous" $'__global__ void\n    f(int* p) {\n  *p = 1;\n}')"
expect $check "does not begin with" kernels/cuda/conv.cu \
  "$(printf "$anonymous" '__global__ void f(int* p) { *p = 1; }')"
expect $check "fixed order" kernels/cuda/conv.cu '  atomicAdd(&sum, x);'

clean_project
for check in paper_to_code plain_english docs_links_work faults_have_tests; do
  run $check
  ((status == 0)) || fail "$check on the clean project: $output"
done

check=paper_to_code
expect $check "there is no file" docs/paper-to-code.md 'See `kernels/cov.h: include`.'
expect $check "does not contain" docs/paper-to-code.md 'See `kernels/conv.h: include, conv3d`.'
expect $check "does not contain" DESIGN.md $'See `engine/ops/conv.cpp:\nconv3d`.'

check=faults_have_tests
expect $check "there is no test Conv.Endures" docs/faults.md '| A fire | `Conv.Endures` |'
expect $check "there is no test Conv.Endures" docs/faults.md '| A fire | `Conv.Survives` `Conv.Endures` |'
expect $check "names no test" docs/faults.md '| A flood | |'
expect $check "names no test" docs/faults.md '| A flood of `Conv.Survives` | it is dried |'

check=docs_links_work
expect $check "no such file" README.md 'See [the code](docs/paper-to-cod.md).'
expect $check "no such heading" README.md 'See [the code](docs/paper-to-code.md#a-heading).'
expect $check "no such heading" docs/paper-to-code.md $'# A heading\n\n[below](#the-heading)'

check=plain_english
expect $check "say again" engine/tensor.h '// Packs it anew.'
expect $check "say is passed" README.md $'The trainer is\ntold the number.'
expect $check "say continue" model/layers.cpp 'const char* k = "go on with: train --resume";'
expect $check "say except" model/layers.cpp '// All layers but for the last.'
expect $check "say start" model/layers.cpp 'int a;  // the begin of a step'
expect $check "say unknown" apps/main.cpp $'throw E("there is no device \'", name, "\'");'
expect $check "say is not a" data/reader.cpp 'throw E("it is no "'$'\n''        "TFRecord file");'
expect $check "say compare" scripts/run.sh '# Outputs are held against the reference.'
expect $check "say skip" README.md '| fault | What happens: the file is left out. |'
expect $check "say skipped" model/layers.cpp 'log("passed over: {}", name);'
expect $check "omit it" kernels/cuda/conv.cu '// Bias is summed by the way.'
expect $check "start with the subject" model/layers.cpp '// Where it fits, packs are read.'
expect $check "start with the subject" README.md 'It trains. What cannot be read is skipped.'
expect $check "100 columns" README.md "$(printf 'words %.0s' $(seq 20))"
clean_project
plant README.md 'What is a tick? A thousand images.'
plant README.md '| a row of a table | may be as long as it likes, since tables cannot be wrapped at any column |'
plant README.md $'\n'"    a code block may be long too, $(printf 'words %.0s' $(seq 20))"
run $check
((status == 0)) || fail "$check rejects a question, a table or code: $output"

((failures == 0))
