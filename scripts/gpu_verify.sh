#!/usr/bin/env bash
# gpu_verify.sh [OPTION...] [PART...]: verifies this project on a real GPU and writes one report: builds
# (or uses a bundle), tests, trains, checks memory accesses, measures.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kParts=(build tests training sanitizer kernels step)

usage() {
  cat <<TEXT
Usage: scripts/gpu_verify.sh [OPTION...] [PART...]

Runs the parts (default: all, less than eight minutes in total) on the first GPU and writes report.md
and the raw output of each part to the output folder. Parts that succeeded before are not repeated,
so an interrupted run resumes where it stopped.

  build      runs scripts/build.sh, or starts the programs of the bundle
  tests      values and gradients of all kernels and ops on the device (test_cuda, test_cuda_ops,
             progan_cuda gradcheck)
  training   compares whole training iterations with the CPU (part of test_cuda_ops)
  sanitizer  runs compute-sanitizer, if installed, on some of the tests
  kernels    bench_kernels: this project's kernels, cuDNN and cuBLASLt
  step       bench_step and bench/pytorch_step.py, one after the other on the same GPU

  --out FOLDER     output folder (default: build/gpu-verify)
  --bundle PATH    use a bundle (scripts/bundle.sh --with-tests), packed or unpacked, not a build
  --again          repeat parts that succeeded before
  --limit PART=S   stop a part after S seconds; may be repeated
  --python PROGRAM a Python with PyTorch (default: python3)

Run from an unpacked bundle, the script uses that bundle.
TEXT
}

die() {
  echo "gpu_verify.sh: $2" >&2
  exit "$1"
}

out=$PWD/build/gpu-verify bundle='' again=no python=python3 parts=()
declare -A limit=([build]=1200 [tests]=100 [training]=45 [sanitizer]=40 [kernels]=120 [step]=165)
command_line="scripts/gpu_verify.sh $*"
while (($#)); do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --out | --bundle | --limit | --python)
      (($# > 1)) || die 2 "$1 needs a value; see --help"
      case $1 in
        --out) out=$2 ;;
        --bundle) bundle=$2 ;;
        --python) python=$2 ;;
        --limit)
          [[ $2 =~ ^([a-z]+)=([0-9]+)$ && -n ${limit[${BASH_REMATCH[1]}]-} ]] ||
            die 2 "--limit: expected PART=SECONDS, got '$2'"
          limit[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
          ;;
      esac
      shift
      ;;
    --again) again=yes ;;
    *)
      [[ " ${kParts[*]} " == *" $1 "* ]] || die 2 "unknown part or option '$1'; see --help"
      parts+=("$1")
      ;;
  esac
  shift
done
((${#parts[@]})) || parts=("${kParts[@]}")

gpu=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null |
  head -n 1) || true
[[ -n $gpu ]] || die 2 "no NVIDIA GPU found (nvidia-smi lists none); run this on a machine with a GPU"

mkdir -p "$out"
out=$(cd "$out" && pwd)
if [[ -f $bundle ]]; then
  mkdir -p "$out/bundle"
  tar -xzf "$bundle" -C "$out/bundle" --strip-components=1
  bundle=$out/bundle
elif [[ -z $bundle && -x $root/bin/progan_cuda ]]; then
  bundle=$root
fi
[[ -z $bundle || -x $bundle/bin/progan_cuda ]] ||
  die 2 "'$bundle' is not a bundle; give the output of scripts/bundle.sh"
bin=${bundle:-$root/build/release}/bin

# limited SECONDS COMMAND...: stops the command after SECONDS, with status 124 or 137.
limited() { timeout -k 10 "$@"; }

# finish PART WORD [REASON]: records the result of a part.
finish() { echo "$2 $((SECONDS - began)) ${3-}" >"$out/$1.status"; }

# ended PART STATUS: records the result of a part from an exit status.
ended() {
  case $2 in
    0) finish "$1" ok ;;
    77) finish "$1" failed "the tests found no GPU, see $1.log" ;;
    124 | 137) finish "$1" incomplete "stopped after ${limit[$1]} s" ;;
    *) finish "$1" failed "exit status $2, see $1.log" ;;
  esac
}

have() {
  [[ -x $bin/$2 ]] && return 0
  finish "$1" skipped "$2 is missing (bundles need --with-tests)"
  return 1
}

run_build() {
  local status=0
  {
    if [[ -z $bundle ]]; then
      limited "${limit[build]}" "$root/scripts/build.sh" release
    fi && limited 60 "$bin/progan_cuda" info
  } >"$out/build.log" 2>&1 || status=$?
  if ((status == 0)) && ! grep -q 'cuda:0' "$out/build.log"; then
    finish build failed "progan_cuda found no GPU: $(grep 'no GPU' "$out/build.log" || true)"
  else
    ended build "$status"
  fi
}

# gtest PART PROGRAM FILTER: appends to the part's log.
gtest() {
  limited "${limit[$1]}" "$bin/$2" --gtest_brief=1 --gtest_filter="$3" >>"$out/$1.log" 2>&1
}

run_tests() {
  local status=0
  have tests test_cuda && have tests test_cuda_ops || return 0
  : >"$out/tests.log"
  gtest tests test_cuda '*' || status=$?
  gtest tests test_cuda_ops '-*TrainingOnDevice*:LongTraining*' || status=$?
  limited "${limit[tests]}" "$bin/progan_cuda" gradcheck --device cuda >>"$out/tests.log" 2>&1 ||
    status=$?
  ended tests "$status"
}

run_training() {
  local status=0
  have training test_cuda_ops || return 0
  : >"$out/training.log"
  gtest training test_cuda_ops '*TrainingOnDevice*:LongTraining*' || status=$?
  ended training "$status"
}

run_sanitizer() {
  local status=0 tool each=$((limit[sanitizer] / 2))
  have sanitizer test_cuda || return 0
  command -v compute-sanitizer >/dev/null ||
    { finish sanitizer skipped "compute-sanitizer is not installed" && return 0; }
  : >"$out/sanitizer.log"
  for tool in memcheck racecheck; do
    limited "$each" compute-sanitizer --tool "$tool" --error-exitcode 9 "$bin/test_cuda" \
      --gtest_brief=1 --gtest_filter='*Conv*:*Matmul*:*PixelNorm*:*Reduce*:*Stddev*' \
      >>"$out/sanitizer.log" 2>&1 || status=$?
    ((status == 0 || status == 124)) || break
  done
  if ((status == 124)) && ! grep -qE 'ERROR SUMMARY: [1-9]|Race reported' "$out/sanitizer.log"; then
    finish sanitizer incomplete "stopped after ${limit[sanitizer]} s, nothing found so far"
  else
    ended sanitizer "$status"
  fi
}

run_kernels() {
  local status=0 worst=0 precision filter=. each=$((limit[kernels] * 2 / 5))
  : >"$out/kernels.jsonl"
  : >"$out/kernels.log"
  for precision in bf16 tf32 fp32; do
    [[ $precision != fp32 ]] || filter='/[GD]/' # only products: all other kernels are the same in tf32
    limited "$each" "$bin/bench_kernels" --device cuda --json --kernels own,vendor \
      --precision "$precision" --filter "$filter" --milliseconds 10 \
      --resolution 1024,512,256,128,64,32,16,8,4 \
      >>"$out/kernels.jsonl" 2>>"$out/kernels.log" || status=$?
    ((status == 0)) || worst=$status
    each=$((limit[kernels] * 3 / 10))
  done
  ended kernels "$worst"
}

run_step() {
  local status=0 worst=0 precision largest_first=1024,512,256,128,64,32,16,8,4
  : >"$out/step.jsonl"
  : >"$out/step.log"
  for precision in bf16 tf32; do
    limited $((limit[step] / 5)) "$bin/bench_step" --device cuda --json --floor --seconds 0.6 \
      --precision "$precision" --resolution "$largest_first" \
      >>"$out/step.jsonl" 2>>"$out/step.log" || status=$?
    ((status == 0)) || worst=$status
  done
  if "$python" -c 'import torch' 2>>"$out/step.log"; then
    status=0
    limited $((limit[step] * 3 / 5)) "$python" "$root/bench/pytorch_step.py" --device cuda \
      --resolution "$largest_first" --seconds 0.4 \
      --variants graph-bf16-folded,graph-tf32-folded,graph-bf16,graph-tf32,eager-bf16,eager-tf32 \
      >"$out/pytorch.jsonl" 2>>"$out/step.log" || status=$?
    ((status == 0)) || worst=$status
  else
    echo "$python has no PyTorch: skipping pytorch_step.py" >>"$out/step.log"
    : >"$out/pytorch.jsonl"
  fi
  ended step "$worst"
}

# results PART: its results as Markdown.
results() {
  local compare=("$python" "$root/bench/compare.py")
  case $1 in
    build) sed 's/^/    /' "$out/build.log" | grep -E 'device|no GPU|error' | head -n 8 ;;
    tests | training)
      sed 's/^/    /' "$out/$1.log" | grep -E '\[ +(PASSED|FAILED) +\]' | head -n 40
      ;;
    sanitizer) sed 's/^/    /' "$out/sanitizer.log" | grep -E 'ERROR SUMMARY|RACECHECK SUMMARY' ;;
    kernels) "${compare[@]}" --kernels "$out/kernels.jsonl" 2>>"$out/kernels.log" ;;
    step) "${compare[@]}" "$out/step.jsonl" "$out/pytorch.jsonl" 2>>"$out/step.log" ;;
  esac || true
}

report() {
  local part word seconds reason commit
  commit=$(git -c safe.directory='*' -C "$root" describe --always --dirty --abbrev=12 2>/dev/null) ||
    commit=''
  [[ -z $bundle || ! -f $bundle/VERSION ]] || commit=$(tr '\n' ' ' <"$bundle/VERSION")
  cat <<TEXT
# Verification on a GPU

- version: ${commit:-unknown}
- GPU, driver, memory: $gpu
- CUDA version of the driver: $(nvidia-smi | sed -n 's/.*CUDA Version: *\([0-9.]*\).*/\1/p' | head -n 1)
- date: $(date -u '+%Y-%m-%d %H:%M') UTC
- command: \`$command_line\`

| part | result | seconds | |
|---|---|---|---|
TEXT
  for part in "${kParts[@]}"; do
    [[ -f $out/$part.status ]] || continue
    read -r word seconds reason <"$out/$part.status"
    echo "| $part | $word | $seconds | $reason |"
  done
  for part in "${kParts[@]}"; do
    [[ -f $out/$part.status && $(<"$out/$part.status") != skipped* ]] || continue
    printf '\n## %s\n\n%s\n' "$part" "$(results "$part")"
  done
}

failures=0
for part in "${parts[@]}"; do
  if [[ $again == no && -f $out/$part.status && $(<"$out/$part.status") == ok* ]]; then
    echo "$part: succeeded before (use --again to repeat it)"
    continue
  fi
  echo "$part: at most ${limit[$part]} s ..."
  began=$SECONDS
  rm -f "$out/$part.status"
  "run_$part"
  echo "$part: $(<"$out/$part.status")"
  [[ $(<"$out/$part.status") != failed* ]] || failures=$((failures + 1))
  report >"$out/report.md"
done
report >"$out/report.md"
echo "Report: $out/report.md"
((failures == 0)) || exit 1
