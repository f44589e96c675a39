#!/bin/sh
# bundle_start.sh: in a bundle, bin/PROGRAM: starts libexec/PROGRAM with the C library of the machine,
# or with that of the bundle if the machine's is older than the programs need.
bundle=$(dirname "$(dirname "$(readlink -f "$0")")")
program=$bundle/libexec/${0##*/}
export PROGAN_CUDA_PROGRAM="$bundle/bin/${0##*/}" # to start itself again
needed=$(cat "$bundle/lib/glibc/needed")
found=$(getconf GNU_LIBC_VERSION 2>/dev/null)
oldest=$(printf '%s\n%s\n' "$needed" "${found#glibc }" | sort -V | head -n 1)
[ "$oldest" != "$needed" ] || exec "$program" "$@"
# With the variable, the program does not start itself again, which would start the loader instead.
export GOMP_SPINCOUNT="${GOMP_SPINCOUNT-1000}"
libraries=$bundle/lib/glibc:$bundle/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
exec "$bundle/lib/glibc/ld-linux-x86-64.so.2" --library-path "$libraries" "$program" "$@"
