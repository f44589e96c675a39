#!/usr/bin/env bash
# packages.sh: installs missing Debian packages; sourced by other scripts.

# ocl-icd-opencl-dev: needed by oneDNN's CMake package, not by the programs.
kBuildPackages=(g++ cmake ninja-build ccache pkg-config libdnnl-dev ocl-icd-opencl-dev libcli11-dev
  libtomlplusplus-dev nlohmann-json3-dev libspdlog-dev zlib1g-dev libzip-dev
  libexif-dev libjpeg62-turbo-dev liblmdb-dev libpng-dev libwebp-dev libvpx-dev libgtest-dev
  libbenchmark-dev libzstd-dev)

# missing_packages NAME...: prints the packages that are not installed. Does not need root.
missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
      echo "$package"
  done
}

# as_root COMMAND...: runs it as root, with sudo if needed. sudo asks for a password only at a terminal;
# without one it fails instead of hanging.
as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif [[ -t 0 ]]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

# ensure_packages NAME...: installs missing packages; on failure prints one sentence and returns 1.
ensure_packages() {
  local script missing log
  script=$(basename "$0")
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "$script: this system has no apt-get; install the equivalents of \"$*\" by hand, then use" \
      "cmake --preset and cmake --build --preset" >&2
    return 1
  fi
  missing=$(missing_packages "$@" | tr '\n' ' ')
  missing=${missing% }
  [[ -n $missing ]] || return 0
  if [[ $(id -u) != 0 ]] && ! command -v sudo >/dev/null; then
    echo "$script: missing packages and neither root nor sudo; ask an administrator to run:" \
      "apt-get install $missing" >&2
    return 1
  fi
  echo "Installing $missing ..."
  log=$(mktemp)
  # shellcheck disable=SC2086  # the list is split into names on purpose
  if ! { as_root apt-get -q update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 install -y \
      --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    echo "$script: apt-get failed to install \"$missing\" (see its output above); install the" \
      "packages by hand, then run $script again" >&2
    return 1
  fi
  rm -f "$log"
}
