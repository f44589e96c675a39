#!/usr/bin/env bash
# gpu_verify.sh ROOT BUILD: scripts/gpu_verify.sh reports a missing GPU; with one (here: fake programs)
# it runs the requested parts, resumes after a failure, and reports failed and incomplete parts.
set -euo pipefail
root=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

# fake PATH LINE...: writes a shell program of these lines.
fake() {
  local path=$1
  shift
  mkdir -p "$(dirname "$path")"
  { echo '#!/bin/sh' && printf '%s\n' "$@"; } >"$path"
  chmod +x "$path"
}

# verify ARGUMENT...: runs the script from a bundle of fake programs; sets $output and $status.
verify() {
  status=0
  output=$(cd "$work" && PATH="$work/path:$PATH" "$work/bundle/scripts/gpu_verify.sh" "$@" \
    --out "$work/out" 2>&1) || status=$?
}

mkdir -p "$work/bundle/scripts" "$work/bundle/bench"
cp "$root/scripts/gpu_verify.sh" "$work/bundle/scripts/"
cp "$root"/bench/*.py "$work/bundle/bench/"
fake "$work/bundle/bin/progan_cuda" 'case $1 in selftest) echo "all 900 checks passed";; esac' \
  'echo "device  cuda:0  A card"'
# fake_tests PROGRAM LINE: a test program with two suites, which runs LINE for the filter in $1.
fake_tests() {
  fake "$work/bundle/bin/$1" 'case $* in *list*) printf "Adam.\n  Steps\nConv.\n  Gradient\n"; exit;; esac' \
    'for a; do case $a in --gtest_filter=*) set -- "${a#*=}";; esac; done' "$2"
}
fake_tests test_cuda 'echo "[  PASSED  ] 12 tests."'
fake_tests test_cuda_ops 'case $1 in Conv*) echo "[  FAILED  ] Conv.Gradient"; exit 134;; esac
echo "[  PASSED  ] of $1"'
fake "$work/bundle/bin/bench_kernels" 'echo "{\"case\": \"4x4/G/Conv/forward\", \"shape\": \"N1\", \
\"precision\": \"bf16\", \"kernels\": \"own\", \"check\": \"ok\", \"ms\": 2, \"ms_min\": 2, \
\"ms_max\": 2, \"tflops\": 1, \"gb_per_second\": 1, \"share_of_peak\": 0.5, \"error\": 1e-5}"'
fake "$work/bundle/bin/bench_step" 'echo "{\"resolution\": 4, \"precision\": \"bf16\", \
\"batch\": 128, \"images_per_second\": 1000, \"peak_memory_mb\": 7, \"kernels\": \"own\"}"'
fake "$work/path/nvidia-smi" 'exit 9'

verify tests
((status == 2)) || fail "without a GPU the status is $status"
[[ $output == *"no NVIDIA GPU"* && $(wc -l <<<"$output") == 1 ]] || fail "without a GPU: $output"

fake "$work/path/nvidia-smi" 'echo "580.1"'
verify no-such-part
((status == 2)) || fail "an unknown part gives $status"
verify --limit step=4
((status == 1)) || fail "a failed test gives $status: $output"
[[ $(<"$work/out/build.status") == ok* ]] || fail "build: $output"
[[ $(<"$work/out/tests.status") == failed* ]] || fail "tests: $output"
[[ $(<"$work/out/kernels.status") == ok* ]] || fail "kernels: $output"
report=$(<"$work/out/report.md")
for text in "GPU (cuda:0): A card" "| selftest | ok" "all 900 checks passed" "driver: 580.1" "| tests | failed" "FAILED  ] Conv.Gradient" \
  "suite Conv. of test_cuda_ops: exit status 134" "PASSED  ] of Adam" "4x4/G/Conv/forward" \
  "| 4 | 128 | bf16 | 1000 |" "While fading"; do
  [[ $report == *"$text"* ]] || fail "missing in the report: \"$text\": $report"
done

mkdir "$work/mine" && echo "three years of work" >"$work/mine/tests.log"
status=0
output=$(PATH="$work/path:$PATH" "$work/bundle/scripts/gpu_verify.sh" --out "$work/mine" 2>&1) ||
  status=$?
((status == 2)) || fail "a folder with other files gives $status: $output"
[[ $(<"$work/mine/tests.log") == "three years of work" ]] || fail "a foreign log is replaced"

fake_tests test_cuda_ops 'echo "[  PASSED  ] 3 tests."'
verify tests build
((status == 0)) || fail "repaired tests give $status: $output"
[[ $output == *"build: succeeded before"* && $(<"$work/out/tests.status") == ok* ]] ||
  fail "resuming: $output"
fake_tests test_cuda 'sleep 60'
began=$SECONDS
verify tests --again --limit tests=2
((status == 3)) || fail "an incomplete part gives $status: $output"
[[ $(<"$work/out/tests.status") == incomplete* ]] || fail "a part that takes too long: $output"
((SECONDS - began < 30)) || fail "the limit of a part holds for each of its commands"

# The tests for sanitizers exist: the emulator's program has the same ones.
program=$build/bin/test_cuda_race
if [[ -x $program ]]; then
  eval "$(sed -n '/^kSanitized=/,/)$/p' "$root/scripts/gpu_verify.sh")"
  for pattern in "${kSanitized[@]}"; do
    "$program" --gtest_list_tests --gtest_filter="$pattern" | grep -q '^  ' ||
      fail "no test for sanitizers matches $pattern"
  done
fi

((failures == 0))
