#!/usr/bin/env bash
# pytorch_step.sh ROOT BUILD: the PyTorch variants compute the same and print lines for compare.py.
# Skipped (77) without PyTorch 2.
set -euo pipefail
root=$1
for python in python3 /usr/bin/python3 none; do
  "$python" -c 'import torch; torch._foreach_lerp_' 2>/dev/null && break
done
if [[ $python == none ]]; then
  echo "skipped: no python3 here has PyTorch 2"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 # tests run in parallel
[[ $("$python" "$root/bench/pytorch_step.py" --check) == ok ]]
"$python" "$root/bench/pytorch_step.py" --device cpu --resolution 4 --batch 2 --seconds 0 \
  --variants eager-fp32,graph-fp32 >"$work/pytorch.jsonl"
: >"$work/ours.jsonl"
table=$("$python" "$root/bench/compare.py" "$work/ours.jsonl" "$work/pytorch.jsonl")
echo "$table"
grep -q '^| 4 | 2 | fp32 | .*eager-fp32' <<<"$table"
grep -q '^PyTorch graph-fp32 at 4: CUDA graphs need a GPU' <<<"$table"
