#!/usr/bin/env bash
# build.sh [PRESET]: installs what is missing, configures and builds; programs land in
# build/PRESET/bin.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/packages.sh

presets=$(sed -n '/"configurePresets"/,/\]/s/^ *"name": "\(.*\)",*$/\1/p' CMakePresets.json |
  tr '\n' ' ')

usage() {
  cat <<TEXT
Usage: scripts/build.sh [PRESET]

Installs the missing Debian packages (root or sudo is needed only for that), configures and builds
progan_cuda into build/PRESET; the programs are in build/PRESET/bin.

PRESET is one of: ${presets% } (default: release).
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
if (($# > 1)) || [[ " $presets" != *" $preset "* ]]; then
  echo "build.sh: wrong argument \"$*\"; give one of the presets ${presets% }, or --help." >&2
  exit 2
fi

ensure_packages "${kBuildPackages[@]}"

# The variable is only the default of a first configuration: a launcher chosen by the user stays.
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
  # Paths below this folder are made relative, so that another clone finds what this one compiled.
  export CCACHE_BASEDIR=${CCACHE_BASEDIR-$PWD} CCACHE_NOHASHDIR=1
fi

folder=build/$preset
mkdir -p "$folder"
echo "Configuring $folder ..."
if ! cmake --preset "$preset" >"$folder/configure.log" 2>&1; then
  cat "$folder/configure.log" >&2
  echo "build.sh: CMake could not configure preset $preset; the reason is above." >&2
  exit 1
fi

echo "Building $folder ..."
quiet=()
[[ -t 1 ]] || quiet=(--quiet) # no progress lines where nobody watches
if ! ninja -C "$folder" ${quiet[@]+"${quiet[@]}"}; then
  echo "build.sh: the build of preset $preset failed; the first error is above." >&2
  exit 1
fi
echo "Built: $folder/bin"
