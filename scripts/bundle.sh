#!/usr/bin/env bash
# bundle.sh [OPTION...]: builds, packs the programs and the libraries they need into an archive that
# runs on other distributions, then unpacks and tests the archive.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/packages.sh

usage() {
  cat <<TEXT
Usage: scripts/bundle.sh [--with-tests] [--no-build] [--old-root FOLDER]

Writes build/bundle/progan_cuda-VERSION-linux-x86_64.tar.gz: the programs, their shared libraries,
licence texts, and scripts/gpu_verify.sh with its files. The archive runs on any x86-64 Linux: with
the machine's C library if it is as new as this one's, otherwise with the one in the archive. A GPU
needs only its driver. The machine code covers all supported GPUs (preset bundle).

  --with-tests       include the test programs for GPUs, and of newer GPUs only PTX, because every
                     program has a copy of the machine code
  --no-build         pack build/release without building anything
  --old-root FOLDER  also start the programs in this root file system of another distribution
TEXT
}

tests=no from=build/bundle-release build=yes old_root=''
while (($#)); do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --with-tests) tests=yes from=build/release ;;
    --no-build) from=build/release build=no ;;
    --old-root)
      (($# > 1)) || { echo "bundle.sh: --old-root needs a folder" >&2 && exit 2; }
      old_root=$2
      shift
      ;;
    *)
      echo "bundle.sh: unknown option '$1'; see scripts/bundle.sh --help" >&2
      exit 2
      ;;
  esac
  shift
done

fail() {
  echo "bundle.sh: $*" >&2
  exit 1
}

readonly kMaxBytes=64000000
preset=bundle
[[ $from != build/release ]] || preset=release
[[ $build == no ]] || scripts/build.sh "$preset"
programs=(progan_cuda bench_kernels bench_step)
if [[ $tests == yes ]]; then
  for name in test_cuda test_cuda_ops test_kernels test_engine; do
    if [[ -x $from/bin/$name ]]; then
      programs+=("$name")
    else
      echo "bundle.sh: skipping $name, which is not built (it may need nvcc)" >&2
    fi
  done
fi
for name in "${programs[@]}"; do
  [[ -x $from/bin/$name ]] ||
    fail "$from/bin/$name is missing; run scripts/build.sh first"
done

version=$(sed -n 's/^project(progan_cuda VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
name=progan_cuda-$version-linux-x86_64
archive=build/bundle/$name.tar.gz
mkdir -p build/bundle
# Only folders that this script made itself are removed.
packing=$(mktemp -d build/bundle/.packing-XXXXXXXXXX)
elsewhere=$(readlink -f "$(mktemp -d)")
trap 'rm -rf "$packing" "$elsewhere"' EXIT
folder=$packing/$name
mkdir -p "$folder"/{bin,lib/glibc,libexec,licences,scripts,bench}

# The C library is that of the machine where it is new enough, so it has a folder of its own.
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
  cp "$from/bin/$program" "$folder/libexec/"
  strip --strip-unneeded "$folder/libexec/$program"
  cp scripts/bundle_start.sh "$folder/bin/$program"
done
for library in ld-linux-x86-64.so.2 libc.so.6 libm.so.6 libpthread.so.0 libdl.so.2 librt.so.1; do
  path=$(ldconfig -p | awk -v name="$library" '$1 == name && /x86-64/ && !found++ { print $NF }')
  [[ -z $path ]] || cp -L "$path" "$folder/lib/glibc/"
done
licence_of libc6
while read -r path; do
  cp -L "$path" "$folder/lib/"
  package=$(package_of "$(readlink -f "$path")" | head -n 1 | sed 's/[:,].*//') ||
    fail "no package owns $path, so its licence is unknown; use the packages of scripts/build.sh"
  licence_of "$package"
done < <(libraries_of "${programs[@]/#/$from/bin/}")
for package in libcli11-dev nlohmann-json3-dev libexif-dev libgtest-dev; do
  licence_of "$package" # linked statically
done
objdump -T "$folder"/libexec/* "$folder"/lib/*.so* | grep -o 'GLIBC_2\.[0-9]*' | sort -uV | tail -n 1 |
  sed 's/GLIBC_//' >"$folder/lib/glibc/needed"
scripts/pages.sh "$from/bin/progan_cuda" "$folder"
cp README.md LICENSE NOTICE "$folder/"
cp scripts/gpu_verify.sh "$folder/scripts/"
cp bench/*.py "$folder/bench/"
compiler=$(sed -n 's/^PG_NVCC:[A-Z]*=//p' "$from/CMakeCache.txt")
{
  echo "commit $(git -c safe.directory='*' describe --always --dirty --abbrev=12 2>/dev/null ||
    echo unknown)"
  [[ ! -x $compiler ]] || "$compiler" --version | sed -n 's/^Cuda compilation tools, /CUDA /p'
} >"$folder/VERSION"

tar -C "$packing" --sort=name --owner=0 --group=0 --numeric-owner -cf - "$name" |
  gzip -9 >"$packing/archive"
mv -f "$packing/archive" "$archive"
bytes=$(stat -c %s "$archive")
((bytes < kMaxBytes)) || fail "$archive: expected less than $kMaxBytes bytes, got $bytes"

# From here on only the archive is used.
tar -xzf "$archive" -C "$elsewhere"
for program in "$elsewhere/$name"/libexec/*; do
  foreign=$(env -i "$(command -v ldd)" "$program" | awk '$2 == "=>" { print $1, $3 }' |
    grep -v " $elsewhere/$name/\(libexec/\.\./\)\?lib/" | grep -vE "$kSystem") || true
  [[ -z $foreign ]] || fail "${program##*/} uses libraries outside of the bundle: $foreign"
  env -i "$elsewhere/$name/bin/${program##*/}" "$(harmless "${program##*/}")" >/dev/null ||
    fail "${program##*/} does not start from the unpacked bundle"
done

# enter ROOT COMMAND...: runs the command in another root file system.
enter() {
  local in=(chroot "$1")
  [[ $(id -u) == 0 ]] || in=(unshare --user --map-root-user chroot "$1")
  { env -i PATH=/usr/bin:/bin "$(command -v "${in[0]}")" "${in[@]:1}" "${@:2}" >/dev/null; } 2>&1
}
# If possible, start the programs in a root without anything else.
alone=$elsewhere/alone tried="started with its own libraries"
mkdir -p "$alone/tmp"
mv "$elsewhere/$name" "$alone/bundle"
inside=/bundle
if [[ $(enter "$alone" nothing) == *"No such file"* ]]; then # entering another root works here
  for program in "${programs[@]}"; do
    said=$(enter "$alone" "$inside/lib/glibc/ld-linux-x86-64.so.2" \
      --library-path "$inside/lib/glibc:$inside/lib" "$inside/libexec/$program" \
      "$(harmless "$program")") ||
      fail "$program does not start in a root without other libraries: $said"
  done
  tried="started in a root without other libraries"
fi
if [[ -n $old_root ]]; then
  there=$(mktemp -d -p "$old_root")
  trap 'rm -rf "$elsewhere" "$there"' EXIT
  cp -r "$alone/bundle" "$there/"
  for program in "${programs[@]}"; do
    said=$(enter "$old_root" "/${there##*/}/bundle/bin/$program" "$(harmless "$program")") ||
      fail "$program does not start in $old_root: $said"
  done
  tried+=" and in $old_root"
fi
needed=$(<"$alone/bundle/lib/glibc/needed")
echo "Bundled: $archive ($((bytes / 1000000)) MB, ${#programs[@]} programs, C library $needed," \
  "$tried)"
