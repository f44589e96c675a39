#!/usr/bin/env bash
# pages.sh PROGRAM PREFIX: writes the manual pages and shell completions of progan_cuda below PREFIX/share.
set -euo pipefail

if [[ ${1-} == --help || $# != 2 ]]; then
  echo "Usage: scripts/pages.sh PROGRAM PREFIX   (for example build/release/bin/progan_cuda ~/.local)"
  [[ ${1-} == --help ]] && exit 0
  exit 2
fi
program=$1 share=$2/share
mkdir -p "$share/man/man1" "$share/bash-completion/completions" "$share/zsh/site-functions"
"$program" man >"$share/man/man1/progan_cuda.1"
"$program" man --list | while read -r command; do
  # The words of a command are arguments of their own.
  # shellcheck disable=SC2086
  "$program" man $command >"$share/man/man1/progan_cuda-${command// /-}.1"
done
"$program" completion bash >"$share/bash-completion/completions/progan_cuda"
"$program" completion zsh >"$share/zsh/site-functions/_progan_cuda"
