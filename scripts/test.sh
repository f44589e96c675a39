#!/usr/bin/env bash
# test.sh: builds and runs every test, first optimized, then under AddressSanitizer and UBSan; ends
# with the summary of ctest, of the failing part if one fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/packages.sh

if (($# > 0)); then
  cat <<TEXT
Usage: scripts/test.sh

Builds with scripts/build.sh and runs all tests. PG_TEST_PRESETS chooses the presets, in order
(default: "release asan"). One test alone: ctest --test-dir build/release -R NAME
TEXT
  [[ $1 == -h || $1 == --help ]] && exit 0 || exit 2
fi

ensure_packages clang-format-14 ||
  echo "test.sh: without clang-format 14 the test of the formatting is skipped." >&2
ensure_packages python3-numpy ||
  echo "test.sh: without NumPy the test of exported ONNX models is skipped." >&2
ensure_packages clang-14 libclang-rt-14-dev ||
  echo "test.sh: without clang 14 the fuzz targets are skipped." >&2

# Tests run side by side, each with as many OpenMP threads as cores: waiting threads must sleep.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY-passive}
export UBSAN_OPTIONS=${UBSAN_OPTIONS-print_stacktrace=1}

for preset in ${PG_TEST_PRESETS-release asan}; do
  scripts/build.sh "$preset"
  echo "Testing build/$preset ..."
  ctest --test-dir "build/$preset" --output-on-failure --no-label-summary --no-tests=error \
    -j "$(nproc)"
done
