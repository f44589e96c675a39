#!/usr/bin/env bash
# files_stay_short.sh ROOT: no source, script or build file has more than 400 lines.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
need_files "$root" "${kSources[@]}" '*.sh' '*.cmake' '*.py' CMakeLists.txt
complaints=$(cd "$root" && awk 'FNR == 401 { print FILENAME ": more than 400 lines" }' "${files[@]}")
verdict "$complaints" "Split each file where a second subject starts."
