#!/usr/bin/env bash
# paper_to_code.sh ROOT: each `path: name, name` in docs/paper-to-code.md and DESIGN.md names a file
# that exists and identifiers that occur in it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
need_files "$root" paper-to-code.md DESIGN.md

# references: "DOCUMENT PATH NAME" for each name; code spans may be wrapped, so lines are joined.
references() {
  local document
  for document in "${files[@]}"; do
    tr '\n' ' ' <"$root/$document" | grep -oE '`[A-Za-z0-9_./-]+\.[a-z]+: +[^`]+`' | tr -d '`' |
      while IFS= read -r span; do
        tr ',' '\n' <<<"${span#*:}" | sed "s|^ *|$document ${span%%:*} |"
      done || true
  done
}

complaints=$(references | while read -r document path name; do
  if [[ ! -f $root/$path ]]; then
    echo "$document: there is no file $path"
  elif ! grep -qwF -- "$name" "$root/$path"; then
    echo "$document: $path does not contain $name"
  fi
done)
[[ $(references | wc -l) -gt 0 ]] || complaints="no references found in ${files[*]}"
verdict "$complaints" "Correct the reference, or name the file and function that replaced it."
