#!/usr/bin/env bash
# includes_point_one_way.sh ROOT: apps -> model -> engine -> kernels/*.h <- kernels/{cpu,cuda} and
# model -> data; CUDA headers stay in kernels/cuda and the stand-ins of the tests.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
need_files "$root" "${kSources[@]}"

complaints=$(cd "$root" && awk '
  # The layer a path belongs to; kernels/*.h, the contracts, are the layer "kernels".
  function layer(path) {
    if (path ~ /^kernels\/(cpu|cuda)\//) return substr(path, 1, index(substr(path, 9), "/") + 7)
    if (match(path, /^tests\/(simt|cuda|cuda_libraries)\//)) return substr(path, 1, RLENGTH - 1)
    return substr(path, 1, index(path, "/") - 1)
  }
  BEGIN {
    # What each layer may include besides itself.
    may["apps"] = "model engine data kernels"
    may["model"] = "engine data kernels"
    may["engine"] = "kernels"
    may["kernels/cpu"] = "kernels"
    may["kernels/cuda"] = "kernels"
    may["tests"] = "apps bench model engine data kernels kernels/cpu tests/simt"
    may["tests/simt"] = "tests tests/cuda model engine data kernels kernels/cuda"
    # What the contracts leave open to a device, and stand-ins of the libraries that it opens.
    may["tests/cuda"] = "tests model engine data kernels kernels/cuda"
    may["tests/cuda_libraries"] = may["tests/cuda"] " tests/cuda"
    may["bench"] = "tests model engine data kernels kernels/cpu"
    top = "^(apps|model|engine|kernels|data|tests|bench)/"
    cuda = "^(cuda|cublas|cudnn|curand|cufft|nccl|nvrtc|nvml|nvtx|cooperative_groups|mma\\.h)|^(cub|cute|cutlass|thrust)/"
  }
  FNR == 1 { from = layer(FILENAME) }
  /^[ \t]*#[ \t]*include[ \t]*["<]/ {
    to = $0
    sub(/^[^"<]*["<]/, "", to)
    sub(/[">].*$/, "", to)
    place = FILENAME ":" FNR ": "
    if (to ~ cuda) {
      if (from !~ /^(kernels\/cuda|tests\/(simt|cuda_libraries))$/)
        print place "includes <" to ">: CUDA is named only in kernels/cuda and its stand-ins"
    } else if (to !~ top) {
      if ($0 ~ /"/)
        print place "includes \"" to "\": write the path from the top of the project"
    } else if (to ~ /\.\./) {
      print place "includes \"" to "\": a path with .. hides its layer"
    } else if (from == "data" && layer(to) == "kernels") {
      if (to !~ /^kernels\/(error|philox|dtype|math)\.h$/)
        print place "includes \"" to "\": of kernels, data uses only error.h, philox.h, dtype.h and math.h"
    } else if (layer(to) != from && index(" " may[from] " ", " " layer(to) " ") == 0) {
      print place "includes \"" to "\": " from " may include " (may[from] ? may[from] : "only itself")
    }
  }
' "${files[@]}")
verdict "$complaints" "Move the code to the layer that may do this, or go through its interface."
