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
  { echo "FAILED: the C library is in the bundle" >&2 && exit 1; }
