#!/usr/bin/env bash
# demo.sh [IMAGE_FOLDER] [OPTION...]: builds, trains a small network for some minutes, and says where
# the pictures are. Runs are written into the folder you stand in.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
  cat <<TEXT
Usage: scripts/demo.sh [IMAGE_FOLDER] [OPTION...]

Builds progan_cuda and trains a small 32x32 network (scripts/demo.toml), about five minutes on two
cores: on the pictures in IMAGE_FOLDER, or without one on built-in drawn shapes. Ctrl-C stops
early and keeps what was learned. Options are passed on to "progan_cuda train", for example
--kimg 20 or --device cpu.
TEXT
}

data=builtin:shapes
case ${1-} in
  -h | --help) usage && exit 0 ;;
  -* | "") ;;
  *) data=$1 && shift ;;
esac
if [[ $data != builtin:* && ! -d $data ]]; then
  echo "demo.sh: there is no folder \"$data\"; give a folder of pictures, or nothing for the" \
    "built-in shapes." >&2
  exit 2
fi

options=("$@")
# given NAME: whether the caller has set it; the demo then adds none of its own.
given() { [[ " ${options[*]-} " =~ " $1"[\ =] ]]; }
given --config || options+=(--config "$root/scripts/demo.toml")
given --out || options+=(--out runs)

"$root/scripts/build.sh" release
echo "Training on $data ..."
"$root/build/release/bin/progan_cuda" train --data "$data" "${options[@]}"

for ((i = 0; i < ${#options[@]}; i++)); do
  case ${options[i]} in
    --out) out=${options[i + 1]} ;;
    --out=*) out=${options[i]#--out=} ;;
  esac
done
run=$(ls -td "$out"/*/ 2>/dev/null | head -n 1) || true
newest=$([[ -z $run ]] || ls -t "$run"fakes*.png 2>/dev/null | head -n 1) || true
if [[ -n $newest ]]; then
  echo "The run is in $run: its pictures are fakes*.png, the newest is $newest"
else
  echo "No picture was made yet; the run is in ${run:-$out}."
fi
