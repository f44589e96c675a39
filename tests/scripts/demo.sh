#!/usr/bin/env bash
# demo.sh ROOT BUILD: scripts/demo.sh builds only progan_cuda, trains with the given options and prints
# the run and its newest images. Build and program are fake here.
set -euo pipefail
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fake PATH LINE...: writes a shell program of these lines.
fake() {
  local path=$1
  shift
  mkdir -p "$(dirname "$path")"
  { echo '#!/bin/sh' && printf '%s\n' "$@"; } >"$path"
  chmod +x "$path"
}

mkdir -p "$work/scripts" "$work/elsewhere"
cp "$root/scripts/demo.sh" "$root/scripts/demo.toml" "$work/scripts/"
fake "$work/scripts/build.sh" "echo \"\$*\" >'$work/built'"
fake "$work/build/release/bin/progan_cuda" "echo \"\$*\" >'$work/trained'" \
  'mkdir -p runs/00000-shapes && : >runs/00000-shapes/fakes000160.png'
output=$(cd "$work/elsewhere" && ../scripts/demo.sh --kimg 20)
echo "$output"
[[ $(<"$work/built") == "release progan_cuda" ]]
[[ $(<"$work/trained") == "train --data builtin:shapes --kimg 20 --config "*/demo.toml" --out runs" ]]
[[ $output == *"Run: runs/00000-shapes/"*"newest: runs/00000-shapes/fakes000160.png"* ]]
status=0
output=$(cd "$work/elsewhere" && ../scripts/demo.sh nowhere 2>&1) || status=$?
[[ $status == 2 && $output == "demo.sh: 'nowhere' is not a folder; "* ]]
