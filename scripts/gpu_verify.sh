#!/usr/bin/env bash
# gpu_verify.sh [OPTION...] [PART...]: verifies this project on a real GPU and writes one report: builds
# (or uses a bundle), tests, trains, checks memory accesses, measures.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kParts=(build selftest tests training sanitizer kernels step)

usage() {
  cat <<TEXT
Usage: scripts/gpu_verify.sh [OPTION...] [PART...]

Runs the parts (default: all, at most eleven minutes after building) on the first GPU and writes report.md
and the raw output of each part to the output folder. Parts that succeeded before are not repeated,
so an interrupted run resumes where it stopped. The GPU needs compute capability 8.0 (Ampere) or
newer and driver 580 (for a program built with CUDA 12: driver 525) or newer.

Exit code: 0 if every requested part succeeded or was skipped, 1 if one failed, 2 after a wrong
option or without a GPU, 3 if none failed but one is incomplete.

  build      runs scripts/build.sh, or starts the programs of the bundle
  selftest   progan_cuda selftest: every kernel, each check in a child process with a time limit
  tests      values and gradients of all kernels and ops on the device (test_cuda, test_cuda_ops,
             progan_cuda gradcheck); each suite in a process of its own, because a faulty
             kernel also fails all tests after it
  training   compares whole training iterations with the CPU (part of test_cuda_ops)
  sanitizer  runs compute-sanitizer, if installed, on some of the tests
  kernels    bench_kernels: this project's kernels, cuDNN and cuBLASLt
  step       bench_step (stable, and fading at the largest resolutions) and bench/pytorch_step.py,
             one after the other on the same GPU

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
declare -A limit=([build]=1200 [selftest]=90 [tests]=130 [training]=60 [sanitizer]=90 [kernels]=120
  [step]=180)

# Small tests, one or two of each kernel family: a sanitizer makes a test up to a hundred times slower.
kSanitized=('*MatchesLiteralLoops/16_to_24' '*MatchesLiteralLoops/40_to_3'
  '*MatchesLiteralLoops/up__24_to_16' '*MatchesLiteralLoops/down__16_to_24'
  '*MatchesLiteralLoops/32_to_32__high' '*NormGradient/8_to_40'
  ConvWeightTensor.EveryCandidateForOddChannelsMatches ConvWeightTensor.EveryCandidateForDownMatches
  ConvWeightTensor.LauncherGivesTheSameBitsAtAnyAddress MatmulTensor.RoundsFactorsToTheNearestTf32
  PackedFilters.KeepTheirAddress adam.MatchesReferenceInBothForms pixel_norm.MatchesReference
  pixel_norm_vjp.MatchesReference reduce_sum.MatchesReferenceInPacks minibatch_stddev.MatchesReference
  minibatch_stddev_vjp.MatchesReference fade_in.MatchesReference upsample.MatchesReference
  bias_lrelu.MatchesReference images_to_float.MirrorsAndFades grad_check.FindsOneNonFiniteValue)
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

driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1) || true
[[ -n $driver ]] || die 2 "no NVIDIA GPU found (nvidia-smi lists none); run this on a machine with a GPU"

mkdir -p "$out"
out=$(cd "$out" && pwd)
# The names of its files are common ones: they must not replace those of somebody else.
mark=$out/.gpu_verify
[[ -f $mark || -z $(ls -A "$out") ]] || grep -qsx '# Verification on a GPU' "$out/report.md" ||
  die 2 "'$out' has files of other programs; choose an empty folder for --out"
: >"$mark"
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

# limited PART SECONDS COMMAND...: stops the command after SECONDS, or when the time of the part is
# over, with status 124 or 137.
limited() {
  local left=$((limit[$1] - (SECONDS - began))) most=$2
  ((left > 0)) || return 124
  timeout -k 10 $((left < most ? left : most)) "${@:3}"
}

# worse STATUS OTHER: a failure is worse than running out of time, which is worse than success.
worse() {
  case $1 in
    0) echo "$2" ;;
    124 | 137) (($2 == 0)) && echo "$1" || echo "$2" ;;
    *) echo "$1" ;;
  esac
}

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
      limited build "${limit[build]}" "$root/scripts/build.sh" release
    fi && limited build 60 "$bin/progan_cuda" info
  } >"$out/build.log" 2>&1 || status=$?
  if ((status == 0)) && ! grep -q 'cuda:0' "$out/build.log"; then
    finish build failed "progan_cuda found no GPU: $(grep 'no GPU' "$out/build.log" || true)"
  else
    ended build "$status"
  fi
}

run_selftest() {
  local status=0
  limited selftest "${limit[selftest]}" "$bin/progan_cuda" selftest --device cuda \
    >"$out/selftest.log" 2>&1 || status=$?
  ended selftest "$status"
}

# gtest PART PROGRAM FILTER: runs the tests, each suite in a process of its own, and appends to the
# part's log. Returns the worst status; a suite that faults does not keep the others from running.
gtest() {
  local suite status worst=0
  while read -r suite; do
    status=0
    limited "$1" 1000 "$bin/$2" --gtest_brief=1 --gtest_filter="$suite*" >>"$out/$1.log" 2>&1 ||
      status=$?
    ((status == 0)) || echo "[  FAILED  ] suite ${suite} of $2: exit status $status" >>"$out/$1.log"
    worst=$(worse "$worst" "$status")
    ((status != 124 && status != 77)) || break
  done < <("$bin/$2" --gtest_list_tests --gtest_filter="$3" 2>>"$out/$1.log" |
    sed -n 's/^\([^ ]*\.\).*/\1/p')
  return "$worst"
}

run_tests() {
  local status=0 worst=0
  have tests test_cuda && have tests test_cuda_ops || return 0
  : >"$out/tests.log"
  gtest tests test_cuda '*' || worst=$?
  gtest tests test_cuda_ops '-*TrainingOnDevice*:LongTraining*' || status=$?
  worst=$(worse "$worst" "$status") status=0
  limited tests 1000 "$bin/progan_cuda" gradcheck --device cuda >>"$out/tests.log" 2>&1 || status=$?
  ended tests "$(worse "$worst" "$status")"
}

run_training() {
  local status=0
  have training test_cuda_ops || return 0
  : >"$out/training.log"
  gtest training test_cuda_ops '*TrainingOnDevice*:LongTraining*' || status=$?
  ended training "$status"
}

run_sanitizer() {
  local status worst=0 tool each=$((limit[sanitizer] / 4)) tests
  have sanitizer test_cuda || return 0
  command -v compute-sanitizer >/dev/null ||
    { finish sanitizer skipped "compute-sanitizer is not installed" && return 0; }
  tests=$(IFS=: && echo "${kSanitized[*]}")
  : >"$out/sanitizer.log"
  for tool in memcheck racecheck initcheck synccheck; do
    status=0
    limited sanitizer "$each" compute-sanitizer --tool "$tool" --error-exitcode 9 "$bin/test_cuda" \
      --gtest_brief=1 --gtest_filter="$tests" >>"$out/sanitizer.log" 2>&1 || status=$?
    echo "$tool: exit status $status" >>"$out/sanitizer.log"
    worst=$(worse "$worst" "$status")
  done
  if ((worst == 124)) && ! grep -qE 'ERROR SUMMARY: [1-9]|Race reported' "$out/sanitizer.log"; then
    finish sanitizer incomplete "stopped after ${limit[sanitizer]} s, nothing found so far"
  else
    ended sanitizer "$worst"
  fi
}

run_kernels() {
  local status=0 worst=0 precision filter=. each=$((limit[kernels] * 2 / 5))
  : >"$out/kernels.jsonl"
  : >"$out/kernels.log"
  for precision in bf16 tf32 fp32; do
    [[ $precision != fp32 ]] || filter='/[GD]/' # only products: all other kernels are the same in tf32
    limited kernels "$each" "$bin/bench_kernels" --device cuda --json --kernels own,vendor \
      --precision "$precision" --filter "$filter" --milliseconds 10 \
      --resolution 1024,512,256,128,64,32,16,8,4 \
      >>"$out/kernels.jsonl" 2>>"$out/kernels.log" || status=$?
    worst=$(worse "$worst" "$status") status=0
    each=$((limit[kernels] * 3 / 10))
  done
  ended kernels "$worst"
}

run_step() {
  local status=0 worst=0 precision largest_first=1024,512,256,128,64,32,16,8,4
  : >"$out/step.jsonl"
  : >"$out/step_fading.jsonl"
  : >"$out/step.log"
  for precision in bf16 tf32; do
    limited step $((limit[step] / 5)) "$bin/bench_step" --device cuda --json --floor --seconds 0.6 \
      --precision "$precision" --resolution "$largest_first" \
      >>"$out/step.jsonl" 2>>"$out/step.log" || status=$?
    worst=$(worse "$worst" "$status") status=0
  done
  # Half of most stages is a fade, which uploads alpha and blends two resolutions.
  limited step $((limit[step] / 10)) "$bin/bench_step" --device cuda --json --seconds 0.6 \
    --precision bf16 --alpha 0.5 --resolution 1024,512,64 \
    >>"$out/step_fading.jsonl" 2>>"$out/step.log" || status=$?
  worst=$(worse "$worst" "$status")
  if "$python" -c 'import torch' 2>>"$out/step.log"; then
    status=0
    limited step 1000 "$python" "$root/bench/pytorch_step.py" --device cuda \
      --resolution "$largest_first" --seconds 0.4 \
      --variants graph-bf16-folded,graph-tf32-folded,graph-bf16,graph-tf32,eager-bf16,eager-tf32 \
      >"$out/pytorch.jsonl" 2>>"$out/step.log" || status=$?
    worst=$(worse "$worst" "$status")
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
    selftest) sed 's/^/    /' "$out/selftest.log" ;;
    tests | training)
      sed 's/^/    /' "$out/$1.log" | grep -E '\[ +(PASSED|FAILED) +\]' | head -n 40
      ;;
    sanitizer)
      sed 's/^/    /' "$out/sanitizer.log" | grep -E 'ERROR SUMMARY|RACECHECK SUMMARY|exit status'
      ;;
    kernels) "${compare[@]}" --kernels "$out/kernels.jsonl" 2>>"$out/kernels.log" ;;
    step)
      "${compare[@]}" "$out/step.jsonl" "$out/pytorch.jsonl" 2>>"$out/step.log"
      printf '\nWhile fading (alpha 0.5):\n\n'
      "${compare[@]}" "$out/step_fading.jsonl" /dev/null 2>>"$out/step.log"
      ;;
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
- GPU (cuda:0): $(timeout 60 "$bin/progan_cuda" info 2>/dev/null |
    sed -n 's/^device  *cuda:0  *//p')
- driver: $driver
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

failures=0 unfinished=0
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
  case $(<"$out/$part.status") in
    failed*) failures=$((failures + 1)) ;;
    incomplete*) unfinished=$((unfinished + 1)) ;;
  esac
  report >"$out/report.md"
done
report >"$out/report.md"
echo "Report: $out/report.md"
((failures == 0)) || exit 1
((unfinished == 0)) || exit 3
