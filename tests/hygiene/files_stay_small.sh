#!/usr/bin/env bash
# files_stay_small.sh ROOT: no file has more than 600 KB or is a package or an archive: large files
# and other people's software are not part of the project.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
need_files "$root"
complaints=$(cd "$root" && for file in "${files[@]}"; do
  if (($(wc -c <"$file") > 600000)); then echo "$file: more than 600 KB"; fi
  case $file in
    tests/fuzz/corpus/*) ;; # seeds: archives of a few bytes
    *.whl | *.deb | *.zip | *.tar.gz | *.so | *.a) echo "$file: a package or an archive" ;;
  esac
done)
verdict "$complaints" "Remove these files from the folder or from git."
