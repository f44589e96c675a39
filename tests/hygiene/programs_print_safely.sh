#!/usr/bin/env bash
# programs_print_safely.sh ROOT: commands print only through apps/print.h, which escapes text from
# outside and notices failed writes. The gradient check passes std::cout to a table of our own names.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
need_files "$root" "${kSources[@]}"
bound=()
for file in "${files[@]}"; do
  [[ $file != apps/* ]] || bound+=("$file")
done
((${#bound[@]})) || exit 0

complaints=$(cd "$root" && awk '
  { line = $0; sub(/\/\/.*/, "", line) }
  FILENAME == "apps/gradcheck.cpp" { sub(/Report report\(std::cout\)/, "", line) }
  line ~ /(^|[^a-z_])v?(f|d)?printf *\(|(^|[^a-z_])f?put(s|c|char) *\(|(^|[^a-z_])(fwrite|perror) *\(|std::(cout|cerr|clog)/ {
    print FILENAME ":" FNR ": prints by itself:" $0
  }
' "${bound[@]}")
verdict "$complaints" "Use print() or note() of apps/print.h, or write_output() for text of ours."
