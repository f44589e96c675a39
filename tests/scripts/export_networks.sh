#!/usr/bin/env bash
# export_networks.sh ROOT BUILD: trains small networks of every published version and exports them to
# BUILD/exports/NAME, for export_check.sh.
set -euo pipefail
program=$2/bin/progan_cuda work=$2/exports
rm -rf "$work"

# train NAME PRESET OPTION...: a few iterations at each resolution up to 16 in NAME/run; then latents
# z.npy, their images 4.npy, 8.npy, 16.npy, models 4.onnx, 8.onnx, 16.onnx, and own.pth with its module
# model.py. $kimg and $resolutions change these.
train() {
  local folder=$work/$1 preset=$2 length=(--kimg "${kimg-0.3}")
  shift 2
  case $preset in
    official-tf | paper)
      length+=(--set schedule.lod_training_kimg=0.05 --set schedule.lod_transition_kimg=0.05)
      ;;
    gan-zoo)
      length=(--set 'schedule.stage_lengths={}' --set schedule.stage_length=6
        --set schedule.fade_length=4 --set schedule.alpha_step=2)
      ;;
    *) length=(--set schedule.stage_length=2 --set schedule.fade_length=1) ;;
  esac
  mkdir -p "$folder"
  XDG_CACHE_HOME=$work/cache "$program" train --data builtin:shapes:60 --resolution 16 \
    --preset "$preset" --out "$folder/runs" --set 'schedule.minibatch={}' \
    --set schedule.minibatch_base=8 --set 'schedule.tick_kimg={}' \
    --set schedule.tick_kimg_base=0.1 --set checkpoint.every_kimg=0.1 \
    --set train.image_grid=2x4 --set model.fmap_base=64 --set model.fmap_max=12 \
    --set model.latent_size=10 "${length[@]}" "$@" 2>"$work/err" || { cat "$work/err" && exit 1; }
  mv "$folder"/runs/* "$folder/run"
  local class=() resolution
  grep -q '^conditioning = "none"' "$folder/run/config.toml" || class=(--class 2)
  for resolution in ${resolutions-4 8 16}; do
    "$program" generate --from "$folder/run" --seeds 0-2 --resolution "$resolution" \
      --out "$folder/$resolution.npy" --latents "$folder/z.npy" ${class[@]+"${class[@]}"}
    export_as "$folder" "$resolution.onnx" onnx --resolution "$resolution"
  done
  export_as "$folder" own.pth pth --module "$folder/model.py"
}

# export_as FOLDER FILE FORMAT OPTION...
export_as() {
  local folder=$1 file=$2
  shift 2
  "$program" export --from "$folder/run" --out "$folder/$file" --format "$@"
}

# export_layout NAME LAYOUT NETWORK...: writes NETWORK.LAYOUT.safetensors.
export_layout() {
  local folder=$work/$1 layout=$2 network
  shift 2
  for network; do
    export_as "$folder" "$network.$layout.safetensors" safetensors --layout "$layout" \
      --network "$network"
  done
}

for preset in official-tf gan-zoo akanimax tutorial; do
  train $preset $preset
  export_layout $preset $preset Gs D
done
train readme-hq readme-hq
export_layout readme-hq tutorial Gs D
train exercise exercise
export_layout exercise exercise Gs
train labels official-tf --set model.conditioning=acgan
export_layout labels official-tf Gs D
train labels-outside paper --set model.conditioning=projection
train tanh official-tf --set model.output_activation=tanh --set model.leaky_slope=0.1 \
  --set model.pixelnorm_epsilon=0.3
# Stopped while 8x8 was fading in: its image is that of two resolutions.
kimg=0.08 resolutions=8 train fading official-tf
kimg=0.08 resolutions=8 train fading-tanh official-tf --set model.output_activation=tanh
# Layer constants and gains that differ from the layout's: the exported weights must compensate them.
train paper paper
export_layout paper official-tf Gs
train gains official-tf --set model.first_pixelnorm=false
export_layout gains akanimax Gs

export_as "$work/akanimax" all.pth pth
for preset in tutorial readme-hq; do
  for network in Gs D; do
    export_as "$work/$preset" $network.pth pth --network $network
  done
done
