#!/usr/bin/env bash
# demo.sh [IMAGE_FOLDER] [OPTION...]: builds progan_cuda, trains a small network for a few minutes and
# prints the path of its images. Runs are written to the current folder.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
  cat <<TEXT
Usage: scripts/demo.sh [IMAGE_FOLDER] [OPTION...]

Builds progan_cuda and trains a small 32x32 network (scripts/demo.toml) on the images in
IMAGE_FOLDER, or on built-in shapes. Training takes 5 to 15 minutes on two cores; Ctrl-C stops it
early and saves a checkpoint. Options are passed to "progan_cuda train", for example --kimg 20 or
--device cpu.
TEXT
}

data=builtin:shapes
case ${1-} in
  -h | --help) usage && exit 0 ;;
  -* | "") ;;
  *) data=$1 && shift ;;
esac
if [[ $data != builtin:* && ! -d $data ]]; then
  echo "demo.sh: '$data' is not a folder; give a folder of images, or nothing for built-in shapes" >&2
  exit 2
fi

options=("$@")
# given NAME: whether the user gave this option; the demo then does not set it.
given() { [[ " ${options[*]-} " =~ " $1"[\ =] ]]; }
given --config || options+=(--config "$root/scripts/demo.toml")
given --out || options+=(--out runs)

"$root/scripts/build.sh" release progan_cuda
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
  echo "Run: $run"
  echo "Sample images: ${run}fakes*.png (newest: $newest)"
else
  echo "Run: ${run:-$out} (no sample images yet)"
fi
