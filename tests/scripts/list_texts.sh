#!/usr/bin/env bash
# list_texts.sh ROOT BUILD: scripts/list_texts.py finds the texts of a source file and of a script, joins
# the parts of a message, and skips comments and plain names. Skipped (77) without Python 3.
set -euo pipefail
root=$1
if ! command -v python3 >/dev/null; then
  echo "skipped: no python3 found"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/a.cpp" <<'TEXT'
// A comment with "words in quotes".
#include "some header.h"
const char* name = "identifier";
void f(int n) {
  PG_CHECK(n > 0, UsageError, "--count: expected a number ",
           "above 0, got ", n, "; see --help");
  std::printf("%d images written\n", n);
}
TEXT
cat >"$work/b.sh" <<'TEXT'
# a comment
echo "Building $folder ..."
TEXT
PYTHONDONTWRITEBYTECODE=1 python3 "$root/scripts/list_texts.py" "$work/a.cpp" "$work/b.sh" |
  sed "s|^.*/$(basename "$work")/||" >"$work/found"
cat >"$work/expected" <<'TEXT'
a.cpp:5: --count: expected a number above 0, got {n}; see --help
a.cpp:7: %d images written\n
b.sh:2: echo "Building $folder ..."
TEXT
diff "$work/expected" "$work/found"
