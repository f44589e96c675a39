#!/usr/bin/env bash
# older_cuda.sh ROOT BUILD [all]: the sources compile with the headers of CUDA 12.8 and 12.9, and
# their ptxas assembles the kernels for sm_80 and sm_90a without spills. The compiler's front end is
# that of this machine: the wheels of PyPI, from which the rest comes, have none. Without "all", host
# code and two kernel files (one uses CUB, one tensor cores) with 12.8.
set -euo pipefail
root=$1 build=$2 whole=${3-}
cd "$root"

skip() {
  echo "skipped: $*"
  exit 77
}

nvcc=$(sed -n 's/^PG_NVCC:[A-Z]*=//p' "$build/CMakeCache.txt")
[[ -x $nvcc ]] || skip "the build has no nvcc"
python3 -m pip --version >/dev/null 2>&1 || skip "there is no pip"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# toolkit_of VERSION: unpacks its headers and ptxas in $work/VERSION/nvidia.
toolkit_of() {
  python3 -m pip download -q --no-deps --only-binary :all: -d "$work/wheels-$1" \
    "nvidia-cuda-nvcc-cu12==$1.*" "nvidia-cuda-runtime-cu12==$1.*" "nvidia-cuda-cccl-cu12==$1.*" \
    >"$work/pip.log" 2>&1 || skip "the wheels of CUDA $1 cannot be downloaded: $(tail -n 1 "$work/pip.log")"
  for wheel in "$work/wheels-$1"/*.whl; do
    python3 -m zipfile -e "$wheel" "$work/$1"
  done
  chmod +x "$work/$1/nvidia/cuda_nvcc/bin/ptxas"
}

versions=(12.8) kernels=(kernels/cuda/norm/reduce.cu kernels/cuda/matmul/matmul_tensor.cu)
if [[ $whole == all ]]; then
  versions+=(12.9)
  mapfile -t kernels < <(find kernels/cuda -name '*.cu' | sort)
fi
mapfile -t sources < <(find kernels/cuda -name '*.cpp' -not -name absent.cpp -not -path '*/vendor/*' | sort)
((${#sources[@]} > 10)) || { echo "FAILED: no host code found" >&2 && exit 1; }

bad=0
for version in "${versions[@]}"; do
  toolkit_of "$version"
  folder=$work/$version/nvidia
  grep -q "CUDART_VERSION *${version/./0}0" "$folder/cuda_runtime/include/cuda_runtime_api.h" ||
    { echo "FAILED: these are not the headers of CUDA $version" >&2 && exit 1; }
  for source in "${sources[@]}"; do
    "${CXX-g++}" -std=c++20 -fsyntax-only -I. -isystem "$folder/cuda_runtime/include" \
      -isystem "$folder/cuda_nvcc/include" -DPG_CUDA_ARCHITECTURES='"80-real"' "$source" ||
      { echo "FAILED: $source with CUDA $version" >&2 && bad=1; }
  done
  for source in "${kernels[@]}"; do
    "$nvcc" -ptx -std=c++20 -arch=compute_80 -I. -I"$folder/cuda_runtime/include" \
      -I"$folder/cuda_nvcc/include" -I"$folder/cuda_cccl/include" "$source" -o "$work/kernel.ptx" ||
      { echo "FAILED: $source with CUDA $version" >&2 && bad=1 && continue; }
    # The version of PTX that CUDA 12.4 knows: instructions of later ones are not used.
    sed -i 's/^\.version .*/.version 8.3/' "$work/kernel.ptx"
    for architecture in sm_80 sm_90a; do
      "$folder/cuda_nvcc/bin/ptxas" -arch="$architecture" -warn-spills -warn-lmem-usage -Werror \
        "$work/kernel.ptx" -o "$work/kernel.cubin" ||
        { echo "FAILED: ptxas of $version, $architecture, $source" >&2 && bad=1; }
    done
  done
  echo "CUDA $version: ${#sources[@]} host files and ${#kernels[@]} kernel files compile"
done
exit "$bad"
