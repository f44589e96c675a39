#!/usr/bin/env bash
# bundle.sh [OPTION...]: builds, packs the programs and the libraries they need into an archive that
# runs on other distributions, then unpacks and tests the archive.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/packages.sh

usage() {
  cat <<TEXT
Usage: scripts/bundle.sh [--with-tests] [--no-build]

Writes build/bundle/progan_cuda-VERSION-linux-x86_64.tar.gz: the programs, their shared libraries
except the C library, licence texts, and scripts/gpu_verify.sh with its files. The archive runs on
x86-64 Linux with the same or a newer C library than this machine; a GPU needs only its driver.

  --with-tests  include the test programs for GPUs (larger archive)
  --no-build    pack build/release without building it
TEXT
}

tests=no build=yes
for argument in "$@"; do
  case $argument in
    -h | --help) usage && exit 0 ;;
    --with-tests) tests=yes ;;
    --no-build) build=no ;;
    *)
      echo "bundle.sh: unknown option '$argument'; see scripts/bundle.sh --help" >&2
      exit 2
      ;;
  esac
done

fail() {
  echo "bundle.sh: $*" >&2
  exit 1
}

readonly kMaxBytes=60000000
[[ $build == no ]] || scripts/build.sh release
programs=(progan_cuda bench_kernels bench_step)
if [[ $tests == yes ]]; then
  for name in test_cuda test_cuda_ops test_kernels test_engine; do
    if [[ -x build/release/bin/$name ]]; then
      programs+=("$name")
    else
      echo "bundle.sh: skipping $name, which is not built (it may need nvcc)" >&2
    fi
  done
fi
for name in "${programs[@]}"; do
  [[ -x build/release/bin/$name ]] ||
    fail "build/release/bin/$name is missing; run scripts/build.sh first"
done

version=$(sed -n 's/^project(progan_cuda VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
name=progan_cuda-$version-linux-x86_64
folder=build/bundle/$name
archive=$folder.tar.gz
rm -rf "$folder" "$archive"
mkdir -p "$folder"/{bin,lib,licences,scripts,bench}

# The C library stays that of the system: it must match the kernel, the loader and the driver.
readonly kSystem='^(ld-linux.*|linux-vdso|lib(c|m|pthread|dl|rt))\.so'

# libraries_of FILE...: paths of the shared libraries to bundle.
libraries_of() {
  ldd "$@" | awk '$2 == "=>" { print $1, $3 }' | sort -u |
    while read -r soname path; do
      [[ $soname =~ $kSystem ]] || echo "$path"
    done
}

# licence_of PACKAGE: copies its copyright file and the common licences that it refers to.
licence_of() {
  local file=/usr/share/doc/$1/copyright common
  [[ -f $file ]] || return 0
  cp "$file" "$folder/licences/$1.txt"
  { grep -oh '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' "$file" || true; } | sort -u |
    while read -r common; do
      [[ ! -f $common ]] || cp -L "$common" "$folder/licences/"
    done
}

# package_of PATH: the Debian package of a file; PATH may differ from the installed one by /usr.
package_of() {
  dpkg-query -S "$1" 2>/dev/null || dpkg-query -S "/usr$1" 2>/dev/null ||
    dpkg-query -S "${1#/usr}" 2>/dev/null
}

# harmless PROGRAM: an option that only prints.
harmless() { [[ $1 != test_* ]] && echo --help || echo --gtest_list_tests; }

for program in "${programs[@]}"; do
  cp "build/release/bin/$program" "$folder/bin/"
  strip --strip-unneeded "$folder/bin/$program"
done
while read -r path; do
  cp -L "$path" "$folder/lib/"
  package=$(package_of "$(readlink -f "$path")" | head -n 1 | sed 's/[:,].*//') ||
    fail "no package owns $path, so its licence is unknown; use the packages of scripts/build.sh"
  licence_of "$package"
done < <(libraries_of "${programs[@]/#/build/release/bin/}")
for package in libcli11-dev nlohmann-json3-dev libexif-dev libgtest-dev; do
  licence_of "$package" # linked statically
done
cp README.md LICENSE NOTICE "$folder/"
cp scripts/gpu_verify.sh "$folder/scripts/"
cp bench/*.py "$folder/bench/"
compiler=$(sed -n 's/^CMAKE_CUDA_COMPILER:[A-Z]*=//p' build/release/CMakeCache.txt)
{
  echo "commit $(git -c safe.directory='*' describe --always --dirty --abbrev=12 2>/dev/null ||
    echo unknown)"
  [[ ! -x $compiler ]] || "$compiler" --version | sed -n 's/^Cuda compilation tools, /CUDA /p'
} >"$folder/VERSION"

tar -C build/bundle --sort=name --owner=0 --group=0 --numeric-owner -cf - "$name" |
  gzip -9 >"$archive"
bytes=$(stat -c %s "$archive")
((bytes < kMaxBytes)) || fail "$archive: expected less than $kMaxBytes bytes, got $bytes"

# From here on only the archive is used.
elsewhere=$(readlink -f "$(mktemp -d)")
trap 'rm -rf "$elsewhere"' EXIT
tar -xzf "$archive" -C "$elsewhere"
for program in "$elsewhere/$name"/bin/*; do
  foreign=$(env -i "$(command -v ldd)" "$program" | awk '$2 == "=>" { print $1, $3 }' |
    grep -v " $elsewhere/$name/\(bin/\.\./\)\?lib/" | grep -vE "$kSystem") || true
  [[ -z $foreign ]] || fail "${program##*/} uses libraries outside of the bundle: $foreign"
  env -i "$program" "$(harmless "${program##*/}")" >/dev/null ||
    fail "${program##*/} does not start from the unpacked bundle"
done

# If possible, start the programs in a root without any of this machine's libraries.
alone=$elsewhere/alone
mkdir -p "$alone/lib64" "$alone/lib/x86_64-linux-gnu" "$alone/tmp"
mv "$elsewhere/$name" "$alone/bundle"
for library in ld-linux-x86-64.so.2 libc.so.6 libm.so.6 libpthread.so.0 libdl.so.2 librt.so.1; do
  path=$(ldconfig -p | awk -v name="$library" '$1 == name && /x86-64/ && !found++ { print $NF }')
  [[ -z $path ]] || cp -L "$path" "$alone/lib/x86_64-linux-gnu/"
done
cp -L /lib64/ld-linux-x86-64.so.2 "$alone/lib64/"
enter=(chroot "$alone")
[[ $(id -u) == 0 ]] || enter=(unshare --user --map-root-user chroot "$alone")
# starts_alone PROGRAM: sets $ORIGIN, because the root has no proc file system.
starts_alone() {
  local inside=bundle
  { env -i LD_ORIGIN_PATH="/$inside/bin" "$(command -v "${enter[0]}")" "${enter[@]:1}" \
    "$inside/bin/$1" "$(harmless "$1")" >/dev/null; } 2>&1
}
tried="started with its own libraries"
if [[ $(starts_alone nothing) == *"No such file"* ]]; then # entering another root works here
  for program in "${programs[@]}"; do
    said=$(starts_alone "$program") ||
      fail "$program does not start in a root with only the C library: $said"
  done
  tried="started in a root with only the C library"
fi
echo "Bundled: $archive ($((bytes / 1000000)) MB, ${#programs[@]} programs, $tried)"
