#!/usr/bin/env bash
# no_machine_in_files.sh ROOT: no file contains an absolute path outside the standard folders, or a
# package registry; build files contain no address at all, since a build downloads nothing.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
need_files "$root"

# Standard folders, and examples such as /path/to/pictures, /data/leaves or /nonexistent/file.
system='bin|data|dev|etc|lib|lib64|nonexistent|opt|path|proc|sbin|sys|usr|var'
start='(^|[][:space:]"'"'"'`=:(])'
registries='pypi[.]org|pythonhosted[.]org|npmjs[.]|crates[.]io|docker[.]io|ghcr[.]io|quay[.]io'
registries+='|nvcr[.]io|conan[.]io|anaconda[.]|nuget[.]org|proxy[.]golang|rubygems[.]|maven[.]'
registries+='|deb[.]debian[.]org|snapshot[.]debian|archive[.]ubuntu'

# search PATTERN FILE...: FILE:LINE:MATCH for every match in text files.
search() {
  local pattern=$1
  shift
  (($#)) || return 0
  (cd "$root" && grep -noIHE -e "$pattern" -- "$@") || [[ $? == 1 ]]
}

paths=$(search "$start/[A-Za-z0-9_.-]+/[A-Za-z0-9_.]+" "${files[@]}" |
  grep -vE "^[^:]*:[0-9]+:[^/]?/($system)/" | sed 's/$/  (a path of one machine)/') || true
hosts=$(search "$registries" "${files[@]}" | sed 's/$/  (a package registry)/')
build='^(\.ci|scripts|cmake)/|CMakeLists\.txt$|CMakePresets\.json$|\.(sh|cmake)$'
build_files=()
for file in "${files[@]}"; do
  [[ ! $file =~ $build ]] || build_files+=("$file")
done
addresses=$(search 'https?://[^ "]*' ${build_files[@]+"${build_files[@]}"} |
  sed 's/$/  (an address in a build file)/')
verdict "$(printf '%s\n' "$paths" "$hosts" "$addresses" | sed '/^$/d')" \
  "Use relative paths, /path/to/..., and Debian packages."
