#!/usr/bin/env bash
# goldens.sh ROOT BUILD: the PyTorch implementations of tests/goldens pass their checks and reproduce
# the golden files; weight files of every format can be written. Skipped (77) without PyTorch.
set -euo pipefail
root=$1
for python in python3 /usr/bin/python3 none; do
  "$python" -c 'import numpy, torch' 2>/dev/null && break
done
if [[ $python == none ]]; then
  echo "skipped: no python3 here has PyTorch and NumPy"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 # tests run in parallel
"$python" "$root/tests/goldens/make_goldens.py" --check
"$python" "$root/tests/formats/make_layout_files.py" --out "$work" --resolution 8 --shrink 64
for format in official-tf theano gan-zoo-legacy gan-zoo-zip akanimax akanimax-pre3 tutorial \
  readme-hq exercise mmgeneration; do
  [[ -s $work/$format/reference.safetensors ]]
done
