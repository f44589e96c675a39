#!/usr/bin/env bash
# docs_links_work.sh ROOT: every relative link of a document leads to a file and, after #, to a
# heading of it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
need_files "$root" '*.md'

# anchors FILE: the anchors of its headings, as GitHub makes them.
anchors() {
  sed -n 's/^##* *//p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g' | tr ' ' '-'
}

complaints=$(for file in "${files[@]}"; do
  tr '\n' ' ' <"$root/$file" | grep -oE '\]\([^) ]+\)' | sed 's/^](//; s/)$//' | sort -u |
    while IFS= read -r link; do
      [[ $link != *://* ]] || continue
      target=${link%%#*}
      [[ -n $target ]] && path=$root/$(dirname "$file")/$target || path=$root/$file
      if [[ ! -e $path ]]; then
        echo "$file: link to $link, but there is no such file"
      elif [[ $link == *#* ]] && ! grep -qxF -- "${link#*#}" <<<"$(anchors "$path")"; then
        echo "$file: link to $link, but there is no such heading"
      fi
    done || true
done)
verdict "$complaints" "Correct the links."
