#!/usr/bin/env bash
# export_check.sh ROOT BUILD onnx|torch|module: NumPy (and onnxruntime, if installed), or PyTorch with
# the implementations in tests/goldens or with our module, generate the engine's images from the files of export_networks.sh.
# Skipped (77) without NumPy or PyTorch.
set -euo pipefail
root=$1 work=$2/exports kind=$3
module=numpy
[[ $kind == onnx ]] || module=torch
for python in python3 /usr/bin/python3 none; do
  "$python" -c "import numpy, $module" 2>/dev/null && break
done
if [[ $python == none ]]; then
  echo "skipped: no python3 here has $module"
  exit 77
fi
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 # tests run in parallel
"$python" "$root/tests/formats/check_exports.py" "$kind" "$work"
