#!/usr/bin/env bash
# test.sh: builds and runs the tests, optimized and then under AddressSanitizer and UBSan. The last
# lines are the summary of ctest; the first preset with a failed test ends the script.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/packages.sh

if (($# > 0)); then
  cat <<TEXT
Usage: scripts/test.sh

Builds with scripts/build.sh and runs the tests. PG_TEST_PRESETS is the list of presets (default:
"release asan"). To run a single test: ctest --test-dir build/release -R NAME. Suites that take hours
are run in part; to run them whole, by their labels that end in -long:
ctest --test-dir build/release -L long. The preset asan has the tests of the libraries; those of
programs and of the CUDA kernels on the emulator too with cmake --preset asan -DPG_SANITIZE_ALL=ON.
TEXT
  [[ $1 == -h || $1 == --help ]] && exit 0 || exit 2
fi

ensure_packages clang-format-14 ||
  echo "test.sh: skipping the format check, which needs clang-format 14" >&2
ensure_packages python3-numpy ||
  echo "test.sh: skipping the tests of exported ONNX models, which need NumPy" >&2
ensure_packages clang-14 libclang-rt-14-dev ||
  echo "test.sh: skipping the fuzz tests, which need clang 14" >&2

# Users' compilers may know other warnings than ours, so only tests make them errors.
export PG_WERROR=${PG_WERROR-ON}

# Tests run in parallel, each with one OpenMP thread per core: waiting threads must sleep.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY-passive}
export UBSAN_OPTIONS=${UBSAN_OPTIONS-print_stacktrace=1}

for preset in ${PG_TEST_PRESETS-release asan}; do
  scripts/build.sh "$preset"
  echo "Testing build/$preset ..."
  ctest --test-dir "build/$preset" --output-on-failure --no-label-summary --no-tests=error \
    -j "$(nproc)" -LE '-long$'
done
