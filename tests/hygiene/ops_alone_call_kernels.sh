#!/usr/bin/env bash
# ops_alone_call_kernels.sh ROOT: only engine/ops calls kernels of a Backend, and in engine the
# optimizer, its gradient check and random streams, which have no gradient. All of engine may fill.
# model/cases and model/selftest check kernels one by one and train nothing.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
names=$(sed -n 's/^PG_KERNEL(\([a-z0-9_]*\),.*/\1/p' "$root/kernels/kernels.def" | paste -sd '|')
[[ -n $names ]] || { echo "kernels/kernels.def names no kernel" >&2 && exit 1; }
need_files "$root" "${kSources[@]}"
free='^(kernels|tests|bench)/|^engine/(ops/|adam|grad_check|random)|^model/(cases|selftest)/'
bound=()
for file in "${files[@]}"; do
  [[ $file =~ $free ]] || bound+=("$file")
done
((${#bound[@]})) || exit 0

# A receiver is anything called backend or declared as a Backend. Files are read whole and without
# blanks, since a call may span lines.
complaints=$(cd "$root" && awk -v names="$names" '
  function report(file, text, rest, receivers, call, kernels) {
    kernels = "|" names "|"
    if (file ~ /^engine\//) sub(/\|fill\|/, "|", kernels)
    kernels = substr(kernels, 2, length(kernels) - 2)
    gsub(/[ \t\n]+/, "", text)
    receivers = "[bB]ackend_?(\\(\\))?"
    for (rest = text; match(rest, /Backend[&*>]+[a-z][a-z0-9_]*/); ) {
      call = substr(rest, RSTART, RLENGTH)
      rest = substr(rest, RSTART + RLENGTH)
      sub(/^Backend[&*>]+/, "", call)
      receivers = receivers "|[^a-z0-9_]" call
    }
    while (match(text, "(" receivers ")(\\.|->)(" kernels ")\\(")) {
      call = substr(text, RSTART, RLENGTH)
      print file ": calls a kernel, " call "): only engine/ops may, and code of engine without a gradient"
      text = substr(text, RSTART + RLENGTH)
    }
  }
  FNR == 1 { if (NR > 1) report(last, text); text = ""; last = FILENAME }
  { sub(/\/\/.*/, ""); text = text $0 "\n" }
  END { report(last, text) }
' "${bound[@]}")
verdict "$complaints" "Use an op (engine/ops/ops.h), or write one."
