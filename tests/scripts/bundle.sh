#!/usr/bin/env bash
# bundle.sh ROOT BUILD: scripts/bundle.sh packs the build, and its own checks pass. It supports only
# build/release; for other build folders this is skipped (77).
set -euo pipefail
root=$1 build=$2
if [[ ! $build -ef $root/build/release ]]; then
  echo "skipped: only build/release is bundled"
  exit 77
fi
if ! command -v dpkg-query >/dev/null; then
  echo "skipped: the licences of the libraries are unknown without dpkg"
  exit 77
fi
output=$("$root/scripts/bundle.sh" --no-build)
echo "$output"
archive=$(sed -n 's/^Bundled: \([^ ]*\) .*/\1/p' <<<"$output")
content=$(tar -tzf "$root/$archive")
for file in bin/progan_cuda bin/bench_kernels bin/bench_step lib/libdnnl scripts/gpu_verify.sh \
  bench/pytorch_step.py licences/libdnnl README.md LICENSE NOTICE VERSION; do
  grep -q "^progan_cuda-[^/]*/$file" <<<"$content" || { echo "FAILED: no $file" >&2 && exit 1; }
done
! grep -E '/lib/(libc|libm|ld-linux)[-.]' <<<"$content" ||
  { echo "FAILED: the C library is among the other libraries" >&2 && exit 1; }

grep -qE '^CUDA release [0-9.]+' <(tar -xzOf "$root/$archive" --wildcards '*/VERSION') ||
  ! grep -q '^PG_NVCC:FILEPATH=/' "$build/CMakeCache.txt" ||
  { echo "FAILED: VERSION does not tell the version of CUDA" >&2 && exit 1; }

# On a machine with an old C library the programs use the bundled one.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xzf "$root/$archive" -C "$work" --strip-components=1
mkdir "$work/path"
printf '#!/bin/sh\necho glibc 2.17\n' >"$work/path/getconf"
chmod +x "$work/path/getconf"
info() { "$work/bin/progan_cuda" info | grep -q '^device  cpu'; }
PATH=$work/path:$PATH info || { echo "FAILED: the bundled C library does not work" >&2 && exit 1; }
rm "$work/lib/glibc/ld-linux-x86-64.so.2"
! PATH=$work/path:$PATH info 2>/dev/null ||
  { echo "FAILED: the bundled C library was not used" >&2 && exit 1; }
info || { echo "FAILED: the C library of this machine was not used" >&2 && exit 1; }
