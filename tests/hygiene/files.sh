#!/usr/bin/env bash
# files.sh: which files belong to the project, and how a check ends; the checks source it.

# project_files ROOT [PATTERN...]: the files whose name matches a pattern (all without one), relative
# to ROOT: what git tracks or would track; in a copy without .git everything but outputs.
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
      # shellcheck disable=SC2254  # the pattern is meant as one
      case ${file##*/} in $pattern) echo "$file" && break ;; esac
    done
  done
}

# need_files ROOT [PATTERN...]: project_files into the array files; no file at all is a failure, or a
# check that finds nothing to look at would pass.
need_files() {
  local listing
  listing=$(project_files "$@")
  [[ -n $listing ]] || { echo "there are no files to check under $1" >&2 && exit 1; }
  mapfile -t files <<<"$listing"
}

kSources=('*.h' '*.cpp' '*.cu' '*.cuh' '*.def')

# verdict COMPLAINTS ADVICE: prints them and fails if there are complaints.
verdict() {
  [[ -z $1 ]] && exit 0
  printf '%s\n%s\n' "$1" "$2" >&2
  exit 1
}
