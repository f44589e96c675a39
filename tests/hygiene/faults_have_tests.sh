#!/usr/bin/env bash
# faults_have_tests.sh ROOT: each row of the tables in docs/faults.md names, in its last cell, tests
# that exist.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
document=docs/faults.md
need_files "$root" '*_test.cpp'
[[ -f $root/$document ]] || { echo "no $document under $root" >&2 && exit 1; }

# tests: "SUITE.NAME" of every test.
tests() {
  (cd "$root" && cat "${files[@]}") | tr '\n' ' ' |
    grep -oE '\bTEST(_F|_P)?\([A-Za-z0-9_]+, *[A-Za-z0-9_]+' | sed -E 's/^TEST(_F|_P)?\(//; s/, */./' |
    sort -u
}

known=$(tests)
complaints=$(
  awk '/^\|/ { if (++n > 2) print FNR ": " $0; next } { n = 0 }' "$root/$document" |
    while IFS= read -r row; do
      line=${row%%:*}
      last=$(sed -E 's/ *\| *$//; s/.*\| *//' <<<"$row")
      names=$(grep -oE '`[A-Za-z0-9_]+\.[A-Za-z0-9_]+`' <<<"$last" | tr -d '`' || true)
      [[ -n $names ]] || echo "$document:$line names no test"
      while IFS= read -r name; do
        [[ -z $name ]] || grep -qxF -- "$name" <<<"$known" ||
          echo "$document:$line: there is no test $name"
      done <<<"$names"
    done
)
[[ -n $known ]] || complaints="no tests found under $root"
verdict "$complaints" "Name a test that causes the fault, or write it."
