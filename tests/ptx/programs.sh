#!/usr/bin/env bash
# programs.sh BIN: progan_cuda and bench_kernels on the PTX interpreter: a short training run in bf16
# and tf32, and kernels that check their own results.
set -euo pipefail
bin=$1
work=$(mktemp -d)
# The first training on a device checks its kernels: here the small checks, with time for a machine
# that is busy.
export XDG_CACHE_HOME=$work/cache PROGAN_SELFTEST_WORK=5e5 PROGAN_SELFTEST_LIMIT=300
trap 'rm -rf "$work"' EXIT

for precision in bf16 tf32; do
  output=$("$bin/progan_cuda_ptx" train --data builtin:shapes --device cuda \
    --precision "$precision" --out "$work" --kimg 0.1 --set model.resolution=8 \
    --set model.fmap_base=64 --set model.fmap_max=16 --set schedule.lod_training_kimg=0.03 \
    --set schedule.lod_transition_kimg=0.03 --set schedule.max_minibatch=4 2>&1) ||
    { echo "$output" && exit 1; }
  echo "$output"
  [[ $output == *"device cuda: PTX interpreter"*"finished at 0.1 kimg"* ]]
done

output=$("$bin/bench_kernels_ptx" --device cuda --precision bf16 tf32 --resolution 8 --batch 1 \
  --filter RGB --peaks 1,1 --milliseconds 0 --cold-mb 1)
echo "$output"
(($(grep -c ' ok$' <<<"$output") >= 12))
