#!/usr/bin/env bash
# compare.sh ROOT BUILD: compare.py tabulates the fastest variants and their ratio.
set -euo pipefail
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/ours" <<'TEXT'
{"resolution": 8, "precision": "tf32", "batch": 128, "images_per_second": 300, "peak_memory_mb": 7, "kernels": "own", "share_of_floor": 0.4}
{"resolution": 8, "precision": "tf32", "batch": 128, "images_per_second": 400, "peak_memory_mb": 8, "kernels": "fastest"}
TEXT
cat >"$work/theirs" <<'TEXT'
a warning
{"resolution": 8, "precision": "tf32", "batch": 128, "variant": "graph-tf32", "failed": "out of memory"}
{"resolution": 8, "precision": "tf32", "batch": 128, "images_per_second": 100, "peak_memory_mb": 9, "variant": "eager-tf32"}
TEXT
table=$(python3 "$root/bench/compare.py" "$work/ours" "$work/theirs")
echo "$table"
grep -qF '| 8 | 128 | tf32 | 400 | 320 | 8 | fastest | - | 100 | 1280 | 9 | eager-tf32 | 4.00 |' \
  <<<"$table"
grep -qF 'PyTorch graph-tf32 at 8: out of memory' <<<"$table"
cat >"$work/kernels" <<'TEXT'
{"peak": "own", "device": "A card", "precision": "bf16", "copy_gb_per_second": 4000, "matrix_product_tflops": 700}
{"case": "a", "shape": "N4", "precision": "bf16", "kernels": "own", "check": "ok", "ms": 1, "ms_min": 1, "ms_max": 1.1, "tflops": 5, "gb_per_second": 6, "share_of_peak": 0.5, "error": 1e-3}
{"case": "a", "shape": "N4", "precision": "bf16", "kernels": "vendor", "check": "ok", "ms": 2, "ms_min": 2, "ms_max": 2, "tflops": 2.5, "gb_per_second": 3, "share_of_peak": 0.25, "error": 1e-3}
{"case": "b", "shape": "N4", "precision": "bf16", "kernels": "own", "check": "failed: no memory"}
TEXT
table=$(python3 "$root/bench/compare.py" --kernels "$work/kernels")
echo "$table"
grep -qF '| a | N4 | bf16 | 1.0000 (10 %) | 5.0 | 6 | 50 % | ok (1e-03) | 2.0000 (0 %) | 2.5 | 3 | 25 % | ok (1e-03) | 0.50 |' <<<"$table"
grep -qF '| b | N4 | bf16 | - | - | - | - | failed: no memory | - | - | - | - | - | - |' <<<"$table"
