#!/usr/bin/env bash
# kernels_keep_the_rules.sh ROOT: constructs that CUDA files must avoid, so the emulator (tests/simt)
# can run them and sums have the same bits in every run. Only ptx.cuh is exempt from the first rules,
# and tests/ptx, which the emulator does not run, from all.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
need_files "$root" '*.cu' '*.cuh'

complaints=$(cd "$root" && awk '
  function complain(what) { print FILENAME ":" FNR ": " what }
  FNR == 1 { anonymous = head = first = 0; kernels = FILENAME !~ /^tests\/(simt\/shim|ptx)\// }
  !kernels { next }
  { line = $0; sub(/\/\/.*/, "", line); gsub(/"[^"]*"/, "\"\"", line) }
  line ~ /^namespace \{/ { anonymous = 1 }
  $0 ~ /^\}  \/\/ namespace$/ { anonymous = 0 }
  FILENAME !~ /^kernels\/cuda\/block\/ptx\.cuh$/ {
    if (line ~ /(^|[^a-z0-9_])(asm|__asm__)[^a-z0-9_]/ || line ~ /__cvta_generic_to_shared/)
      complain("PTX outside ptx.cuh")
    if (line ~ /__CUDA_ARCH__/) complain("__CUDA_ARCH__ outside ptx.cuh")
    if (line ~ /extern[ \t]+__shared__/)
      complain("extern __shared__ outside ptx.cuh: use dynamic_smem<T>()")
    if (line ~ /__shared__/ && !anonymous)
      complain("__shared__ outside an anonymous namespace, where the emulator cannot find it")
  }
  FILENAME ~ /^kernels\// {
    if (first && line !~ /^ *ptx::follow_earlier_kernels\(\);$/)
      complain("a kernel that does not begin with ptx::follow_earlier_kernels()")
    first = 0
    if (line ~ /__global__/) head = 1
    if (head && line ~ /\{/) {
      head = 0
      first = line ~ /\{ *$/
      if (!first) complain("a kernel that does not begin with ptx::follow_earlier_kernels()")
    }
  }
  line ~ /<<</ { complain("<<<>>> is not C++: use launch()") }
  line ~ /__shared__[ \t]+alignas/ { complain("g++ rejects alignas after __shared__: put it in front") }
  line ~ /__global__/ && !anonymous { complain("a kernel outside an anonymous namespace") }
  line ~ /^[ \t]+static / && line !~ /\(|const/ {
    complain("a mutable static looks like __shared__ to the emulator")
  }
  line ~ /atomicAdd|atomicSub/ && FILENAME ~ /^kernels\// {
    complain("atomicAdd: the order of sums varies; add in a fixed order, count with atomicInc")
  }
' "${files[@]}")
verdict "$complaints" "The rules and their reasons: tests/simt/README.md."
