#!/usr/bin/env bash
# files.sh: the files of the project and the verdict of a check; the checks source it.

# project_files ROOT [PATTERN...]: the files whose name matches a pattern (all files without one),
# relative to ROOT: those that git tracks or would track; without .git, everything except outputs.
project_files() {
  local root=$1 patterns
  shift
  patterns=("$@")
  ((${#patterns[@]})) || patterns=('*')
  {
    if [[ -e $root/.git ]] && command -v git >/dev/null; then
      # safe.directory: the checkout may belong to another user, as in a container.
      git -c safe.directory='*' -C "$root" ls-files --cached --others --exclude-standard
    else
      (cd "$root" && find . \( -name .git -o -path ./build -o -path ./runs \) -prune -o -type f \
        -print | sed 's,^\./,,')
    fi
  } | sort -u | while IFS= read -r file; do
    local pattern
    [[ -f $root/$file ]] || continue
    for pattern in "${patterns[@]}"; do
      # shellcheck disable=SC2254  # it is a pattern on purpose
      case ${file##*/} in $pattern) echo "$file" && break ;; esac
    done
  done
}

# need_files ROOT [PATTERN...]: project_files into the array files; fails without any file, because
# a check of no files would pass.
need_files() {
  local listing
  listing=$(project_files "$@")
  [[ -n $listing ]] || { echo "no files to check under $1" >&2 && exit 1; }
  mapfile -t files <<<"$listing"
}

kSources=('*.h' '*.cpp' '*.cu' '*.cuh' '*.def')

# verdict COMPLAINTS ADVICE: prints both and fails if there are complaints.
verdict() {
  [[ -z $1 ]] && exit 0
  printf '%s\n%s\n' "$1" "$2" >&2
  exit 1
}
