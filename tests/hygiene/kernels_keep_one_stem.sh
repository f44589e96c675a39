#!/usr/bin/env bash
# kernels_keep_one_stem.sh ROOT: every kernel of kernels.def is found under one stem S: its args
# struct in kernels/S.h, its CPU code in kernels/cpu/direct/S.cpp, its CUDA launcher in an S.cu or a
# folder S/ of kernels/cuda, and its calls from engine in engine/ops/S.cpp or engine/S.cpp.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
list=$(sed -n 's/^PG_KERNEL(\([a-z0-9_]*\), *\([A-Za-z0-9]*\)).*/\1:\2/p' "$root/kernels/kernels.def" |
  paste -sd ' ')
[[ -n $list ]] || { echo "kernels/kernels.def names no kernel" >&2 && exit 1; }
need_files "$root" "${kSources[@]}"
read_files=()
for file in "${files[@]}"; do
  [[ ! $file =~ ^(engine|kernels)/ ]] || read_files+=("$file")
done

# Kernels that any file of engine may call: fill clears memory of every kind.
anywhere='fill'

# Files are read whole and without blanks, since a call or definition may span lines.
complaints=$(cd "$root" && awk -v list="$list" -v anywhere="$anywhere" '
  function complain(kernel, what) { print kernel " (stem " stem[kernel] "): " what }
  function in_stem(file, s) {
    return file ~ ("^kernels/cuda/(.*/)?" s "\\.cu$") || file ~ ("^kernels/cuda/(.*/)?" s "/")
  }
  function keep(file, text) { gsub(/[ \t\n]+/, "", text); content[file] = text }
  FNR == 1 { if (NR > 1) keep(last, text); text = ""; last = FILENAME }
  { sub(/\/\/.*/, ""); text = text $0 "\n" }
  END {
    keep(last, text)
    kernels = split(list, entry, " ")
    for (i = 1; i <= kernels; i++) {
      split(entry[i], part, ":")
      k = part[1]; args = part[2]; stem[k] = ""; cpu = cuda = 0
      for (f in content)
        if (f ~ /^kernels\/[a-z0-9_]+\.h$/ && index(content[f], "struct" args "{")) {
          stem[k] = f
          gsub(/^kernels\/|\.h$/, "", stem[k])
        }
      s = stem[k]
      if (s == "") { complain(k, "kernels/kernels.def lists it, but no kernels/*.h defines struct " args); continue }
      for (f in content) {
        if (index(content[f], "voidCpuBackend::" k "(const" args "&")) {
          cpu = 1
          if (f != "kernels/cpu/direct/" s ".cpp")
            complain(k, f " implements it: expected kernels/cpu/direct/" s ".cpp")
        }
        if (f ~ /\.cu$/ && match(content[f], "void" k "\\(Queue&[a-z]*,const" args "&[a-z]*\\)\\{")) {
          cuda = 1
          if (!in_stem(f, s)) complain(k, f " launches it: expected " s ".cu or a folder " s "/")
        }
        if (f ~ /^engine\// && f != "engine/ops/" s ".cpp" && f != "engine/" s ".cpp" &&
            index(" " anywhere " ", " " k " ") == 0 &&
            match(content[f], "[bB]ackend_?(\\(\\))?(\\.|->)" k "\\("))
          complain(k, f " calls it: expected engine/ops/" s ".cpp or engine/" s ".cpp")
      }
      if (!cpu) complain(k, "kernels/kernels.def lists it, but it is not implemented in kernels/cpu")
      if (!cuda) complain(k, "kernels/kernels.def lists it, but no .cu file launches it")
    }
  }
' "${read_files[@]}" | sort)
verdict "$complaints" "Move the code to the files of its stem, or rename them all (DESIGN.md, Tree)."
