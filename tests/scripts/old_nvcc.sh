#!/usr/bin/env bash
# old_nvcc.sh ROOT BUILD: an nvcc that is too old, or broken, leaves the CUDA backend out of the build
# with a sentence; with PG_CUDA=ON it is an error.
set -euo pipefail
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# configure ARGUMENT...: sets $output and $status.
configure() {
  status=0
  output=$(cmake -S "$root" -B "$work/build" -DPG_TESTS=OFF -DPG_BENCH=OFF \
    -DPG_NVCC="$work/nvcc" "$@" 2>&1) || status=$?
}

# fake_nvcc LINE: an nvcc that only says this.
fake_nvcc() {
  printf '#!/bin/sh\n[ "$1" = --version ] || exit 1\necho "%s"\n' "$1" >"$work/nvcc"
  chmod +x "$work/nvcc"
}

fake_nvcc "Cuda compilation tools, release 11.5, V11.5.119"
configure
((status == 0)) || fail "an old nvcc breaks the build: $output"
[[ $output == *"Building without the CUDA backend: "*" is of CUDA 11.5, older than 12.0"* ]] ||
  fail "no sentence about the old nvcc: $output"
configure -DPG_CUDA=ON
((status != 0)) || fail "PG_CUDA=ON accepts an old nvcc: $output"
[[ $(tr -s ' \n' ' ' <<<"$output") == *"PG_CUDA is ON but "*"install the CUDA Toolkit (12.0 or newer)"* ]] ||
  fail "PG_CUDA=ON: $output"
fake_nvcc "?"
configure -DPG_CUDA=AUTO
((status == 0)) || fail "a broken nvcc breaks the build: $output"
[[ $output == *"does not tell its version"* ]] || fail "no sentence about the broken nvcc: $output"
