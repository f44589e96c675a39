#!/usr/bin/env bash
# sources_are_formatted.sh ROOT: clang-format 14 (Debian 12) would change nothing; other versions
# differ in details. Without version 14 the check is skipped (77).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
for tool in clang-format-14 clang-format none; do
  "$tool" --version 2>/dev/null | grep -q 'version 14\.' && break
done
if [[ $tool == none ]]; then
  echo "skipped: clang-format 14 is not installed (Debian: apt-get install clang-format-14)"
  exit 77
fi
need_files "$root" '*.h' '*.cpp' '*.cu' '*.cuh'
complaints=$(cd "$root" && "$tool" --style=file --dry-run "${files[@]}" 2>&1 |
  grep 'warning:' | cut -d : -f 1 | uniq -c | sed 's/$/: complaints of clang-format/') || true
verdict "$complaints" "Format them: $tool -i FILE"
