#!/usr/bin/env bash
# fuzz.sh [SECONDS] [TARGET...]: builds the fuzz targets (tests/fuzz) with clang and runs each for
# SECONDS, two at a time. Exits with 77 if clang or libFuzzer is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

read -ra targets < <(sed -n 's/^set(PG_FUZZ_TARGETS \(.*\))$/\1/p' CMakeLists.txt)

usage() {
  cat <<TEXT
Usage: scripts/fuzz.sh [SECONDS] [TARGET...]

Feeds mutated input to the file readers, SECONDS (default: 60) per TARGET, to find crashes, undefined
behaviour, leaks, and excessive memory or time. The corpus grows in build/fuzz/corpus; inputs that
fail are written to build/fuzz/found-TARGET-*.

TARGET is one or more of: ${targets[*]} (default: all).
TEXT
}

fail() {
  echo "fuzz.sh: $1" >&2
  exit "${2-1}"
}

seconds=60
[[ ${1-} != -h && ${1-} != --help ]] || { usage && exit 0; }
if (($# > 0)); then
  [[ $1 =~ ^[1-9][0-9]*$ ]] || fail "expected a number of seconds above 0, got '$1'; see --help" 2
  seconds=$1
  shift
fi
for target in "$@"; do
  [[ " ${targets[*]} " == *" $target "* ]] ||
    fail "unknown target '$target': expected some of ${targets[*]}" 2
done
(($# == 0)) || targets=("$@")

# Version 14 (Debian 12) first: it is known to work.
for clang in clang++-14 clang++ none; do
  echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
    "$clang" -fsanitize=fuzzer,address -x c++ - -o /dev/null 2>/dev/null && break
done
[[ $clang != none ]] || fail "skipped: no clang++ with libFuzzer found (Debian: apt-get install \
clang-14 libclang-rt-14-dev)" 77

folder=build/fuzz
mkdir -p "$folder"
build() {
  local options=(-DCMAKE_CXX_COMPILER="$clang")
  ! command -v ccache >/dev/null || options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  # Only once: CMake drops its options if the compiler changes.
  [[ -f $folder/build.ninja ]] || cmake --fresh --preset fuzz "${options[@]}" || return 1
  ninja -C "$folder" "${targets[@]/#/fuzz_}"
}
# Tests run this script once per target, in parallel.
if ! (flock 9 && build >"$folder/build.log" 2>&1) 9>"$folder/lock"; then
  cat "$folder/build.log" >&2
  fail "the build failed, see the first error above"
fi

# 64 KB of input must not need an allocation of 64 MB or ten seconds.
limits=(-malloc_limit_mb=64 -rss_limit_mb=1024 -timeout=10)

# The longest input of a target: short ones run faster, and only some formats have large parts.
longest() {
  case $1 in
    lmdb) echo 65536 ;;
    image | pickle | torch | zip) echo 16384 ;;
    cifar) echo 12292 ;;
    json | toml) echo 1024 ;;
    *) echo 4096 ;;
  esac
}

run() {
  local target=$1 log=$folder/$1.log extra=()
  mkdir -p "$folder/corpus/$target"
  [[ $target != pickle && $target != torch ]] || extra=(-dict=tests/fuzz/pickle.dict)
  if "$folder/bin/fuzz_$target" "${limits[@]}" -max_len="$(longest "$target")" -max_total_time="$seconds" -print_final_stats=1 \
    -artifact_prefix="$folder/found-$target-" ${extra[@]+"${extra[@]}"} \
    "$folder/corpus/$target" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
    echo "$target: nothing found, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
  else
    grep -vE '^#[0-9]+[[:space:]]+(NEW|REDUCE|pulse|RELOAD)' "$log" | tail -n 60 >&2
    echo "$target: FAILED on the input named above; to repeat: $folder/bin/fuzz_$target INPUT" >&2
    return 1
  fi
}

failures=0
for ((i = 0; i < ${#targets[@]}; i += 2)); do
  pids=()
  for target in "${targets[@]:i:2}"; do
    run "$target" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid" || failures=$((failures + 1))
  done
done
((failures == 0)) || fail "$failures of ${#targets[@]} targets failed"
