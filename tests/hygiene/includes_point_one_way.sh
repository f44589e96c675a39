#!/usr/bin/env bash
# includes_point_one_way.sh ROOT: apps -> model -> engine -> kernels/*.h <- kernels/{cpu,cuda} and
# model -> data; within a layer the folders are floors, and includes point from upper to lower ones.
# CUDA headers are included only in kernels/cuda and in the stand-ins of the tests.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
need_files "$root" "${kSources[@]}"

complaints=$(cd "$root" && awk '
  # The layer of a path; kernels/*.h, the contracts, are the layer "kernels".
  function layer(path) {
    if (path ~ /^kernels\/(cpu|cuda)\//) return substr(path, 1, index(substr(path, 9), "/") + 7)
    if (path ~ /^apps\/command_line\//) return "apps/command_line"
    if (match(path, /^tests\/(simt|cuda|cuda_libraries|ptx)\//)) return substr(path, 1, RLENGTH - 1)
    return substr(path, 1, index(path, "/") - 1)
  }
  # The floor of a path within its layer: the deepest folder above it that has an entry in floors.
  function floor_of(path) {
    do sub(/\/[^\/]*$/, "", path); while (path ~ /\// && !(path in floors))
    return path
  }
  BEGIN {
    # The layers that each layer may include, besides itself.
    may["apps"] = "apps/command_line model engine data kernels"
    may["apps/command_line"] = "apps model engine data kernels"
    may["model"] = "engine data kernels"
    may["engine"] = "kernels"
    may["kernels/cpu"] = "kernels"
    may["kernels/cuda"] = "kernels"
    may["tests"] = "apps apps/command_line bench model engine data kernels kernels/cpu tests/simt"
    may["tests/simt"] = "tests tests/cuda model engine data kernels kernels/cuda"
    # Tests of device-specific behaviour, and stand-ins for the libraries that the backend opens.
    may["tests/cuda"] = "tests model engine data kernels kernels/cuda"
    may["tests/cuda_libraries"] = may["tests/cuda"] " tests/cuda"
    may["tests/ptx"] = "tests tests/cuda model engine data kernels kernels/cuda"
    may["bench"] = "tests apps/command_line model engine data kernels kernels/cpu"
    # The floors of its layer that each floor may include, besides itself; sources: .cpp files only.
    # A folder without an entry is part of the folder above it.
    floors["kernels/cpu/fast/simd"] = ""
    floors["kernels/cpu/fast"] = "kernels/cpu/fast/simd"
    floors["kernels/cpu"] = "kernels/cpu/fast"
    floors["kernels/cpu/direct"] = "kernels/cpu"
    floors["kernels/cuda/device"] = floors["kernels/cuda/block"] = ""
    family = "kernels/cuda/device kernels/cuda/block"
    floors["kernels/cuda/elementwise"] = floors["kernels/cuda/matmul"] = family
    floors["kernels/cuda/norm"] = floors["kernels/cuda/conv/filters"] = family
    filters = family " kernels/cuda/conv/filters"
    floors["kernels/cuda/adam"] = floors["kernels/cuda/conv/fprop"] = filters
    floors["kernels/cuda/conv/wgrad"] = filters
    floors["kernels/cuda/conv/rgb"] = floors["kernels/cuda/conv/direct"] = \
      filters " kernels/cuda/conv/wgrad kernels/cuda/norm"
    convs = "kernels/cuda/conv/fprop kernels/cuda/conv/rgb kernels/cuda/conv/wgrad"
    floors["kernels/cuda/conv"] = filters " " convs " kernels/cuda/conv/direct"
    floors["kernels/cuda/autotune"] = "kernels/cuda/device"
    floors["kernels/cuda/vendor"] = "kernels/cuda/device kernels/cuda/norm" \
      " kernels/cuda/conv/wgrad kernels/cuda/autotune"
    floors["kernels/cuda/choice"] = "kernels/cuda/device kernels/cuda/autotune" \
      " kernels/cuda/vendor " convs
    floors["kernels/cuda/backend"] = "kernels/cuda/device kernels/cuda/choice"
    floors["engine"] = ""
    sources["engine"] = "engine/ops"
    floors["engine/ops"] = "engine"
    floors["engine/gradcheck"] = "engine engine/ops"
    floors["data/files"] = ""
    floors["data/formats"] = "data/files"
    floors["data/images"] = "data/files data/formats"
    floors["data/formats/pickle"] = "data/files data/formats"
    floors["data/sources"] = "data/files data/formats data/images"
    floors["data/video"] = floors["data/sources"]
    floors["data/sets"] = floors["data/sources"] " data/sources"
    floors["model/config"] = ""
    floors["model/networks"] = floors["model/device"] = "model/config"
    floors["model/training"] = "model/config model/networks"
    floors["model/cases"] = "model/config model/networks"
    floors["model/selftest"] = floors["model/training"] \
      " model/training model/device model/cases"
    floors["model/run"] = floors["model/plan"] = floors["model/foreign"] = \
      floors["model/training"] " model/training"
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
      if (from !~ /^(kernels\/cuda|tests\/(simt|cuda_libraries|ptx))$/)
        print place "includes <" to ">: only kernels/cuda and its stand-ins may include CUDA headers"
    } else if (to !~ top) {
      if ($0 ~ /"/)
        print place "includes \"" to "\": write the path from the top of the project"
    } else if (to ~ /\.\./) {
      print place "includes \"" to "\": a path with .. hides its layer"
    } else if (from == "data" && layer(to) == "kernels") {
      if (to !~ /^kernels\/(error|philox|dtype|math)\.h$/)
        print place "includes \"" to "\": data may include only error.h, philox.h, dtype.h and math.h of kernels"
    } else if (layer(to) != from && index(" " may[from] " ", " " layer(to) " ") == 0) {
      print place "includes \"" to "\": " from " may include " (may[from] ? may[from] : "only itself")
    } else if (layer(to) == from && from != "kernels") {
      here = floor_of(FILENAME); there = floor_of(to)
      lower = floors[here] (FILENAME ~ /\.(cpp|cu)$/ ? " " sources[here] : "")
      if ((here in floors || there in floors) && here != there &&
          index(" " lower " ", " " there " ") == 0)
        print place "includes \"" to "\": the floor " here " may include " \
          (lower ~ /[a-z]/ ? lower : "only itself")
    }
  }
' "${files[@]}")
verdict "$complaints" "Move the code to a layer or floor that may include this, or use an interface."
