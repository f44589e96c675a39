#!/usr/bin/env bash
# build.sh [PRESET [TARGET...]]: installs missing packages, configures and builds; the programs are
# then in build/PRESET/bin.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/packages.sh

presets=$(sed -n '/"configurePresets"/,/\]/s/^ *"name": "\(.*\)",*$/\1/p' CMakePresets.json |
  tr '\n' ' ')

usage() {
  cat <<TEXT
Usage: scripts/build.sh [PRESET [TARGET...]]

Installs missing Debian packages (only this needs root or sudo), configures and builds progan_cuda
in build/PRESET; the programs are then in build/PRESET/bin.

PRESET is one of: ${presets% } (default: release).
TARGET is a program, such as progan_cuda (default: all programs and tests).
A second run builds only what has changed. To choose compilers or options yourself, use CMake
directly: cmake --preset release, cmake --build --preset release.
TEXT
}

preset=release
case ${1-} in
  -h | --help) usage && exit 0 ;;
  "") ;;
  *) preset=$1 ;;
esac
if [[ " $presets" != *" $preset "* ]]; then
  echo "build.sh: unknown preset '$preset': expected one of ${presets% }" >&2
  exit 2
fi
targets=("${@:2}")

ensure_packages "${kBuildPackages[@]}"

# Only the default of a first configuration: a launcher chosen by the user stays.
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
  # Makes paths relative, so that clones share compiled files.
  export CCACHE_BASEDIR=${CCACHE_BASEDIR-$PWD} CCACHE_NOHASHDIR=1
fi

folder=build/$preset
mkdir -p "$folder"
echo "Configuring $folder ..."
if ! cmake --preset "$preset" ${PG_WERROR:+"-DPG_WERROR=$PG_WERROR"} >"$folder/configure.log" 2>&1; then
  cat "$folder/configure.log" >&2
  echo "build.sh: CMake failed to configure preset $preset, see above" >&2
  exit 1
fi

echo "Building $folder ..."
quiet=()
[[ -t 1 ]] || quiet=(--quiet) # no progress lines without a terminal
if ! ninja -C "$folder" ${quiet[@]+"${quiet[@]}"} ${targets[@]+"${targets[@]}"}; then
  echo "build.sh: building preset $preset failed, see the first error above" >&2
  exit 1
fi
echo "Built: $folder/bin"
