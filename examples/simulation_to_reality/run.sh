#!/bin/sh
# Are networks that were trained on simulated scans of randomised physics better on real scans?
# See README.md beside this file:
#   sh run.sh SCAN...     # real scans without labels; simulated objects are inserted into them
# Every setting can be given from outside, as in OUT=/data/try MINUTES=5 sh run.sh SCAN...
# The same command goes on where it was interrupted.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
: "${OUT:=simulation_to_reality}" # folder for everything that is written
: "${COUNT:=12}"                 # scans of precipitates and as many of pores, of either physics
: "${SHAPE:=96,160,160}"         # their sides (z,y,x)
: "${PATCH:=48,80,80}"
: "${MINUTES:=5}"                # for each of the two networks, first step
: "${MINUTES_FINISH:=10}"        # second step, with batch normalisation frozen
: "${SETTINGS:=}"                # further options of train, as "--epochs 1 --set seed=1"
: "${SEEDS:=1 2}"                # of the inserted objects
: "${OTHERS=unet_3d_micropillar}" # further weights to measure; empty for none
: "${IMAGE:=}"                   # a real image with a mask, for networks of slices; empty for none
: "${MASK:=}"                    # its classes, 0 is background
: "${INVERT=--invert}"           # its objects are bright; empty if they are dark
: "${BIN:=1}"                     # of the image: its objects should be some 3 to 12 pixels in radius
: "${MINUTES_2D:=8}"             # for each of three networks of slices

mkdir -p "$OUT"
[ $# -eq 0 ] || python "$HERE/measure.py" "$OUT/scans" --scans "$@" --check
[ -z "$IMAGE" ] || python "$HERE/measure.py" "$OUT/image" --image "$IMAGE" "$MASK" --check

# 1. Objects in scans that are all taken alike, and in scans that each draw their physics; for the image
# also in such scans that show edges, as of phase contrast without phase retrieval.
for physics in fixed randomised ${IMAGE:+edges}; do
    seed=1
    case $physics in
    fixed) option= ;;
    randomised) option=--randomise ;;
    edges) option="--randomise --edge-enhanced" ;;
    esac
    for kind in precipitates pores; do
        if [ ! -e "$OUT/$physics/$kind" ]; then
            mkdir -p "$OUT/$physics"
            tomoseg-tf simulate "$kind" "$OUT/$physics/$kind" --count "$COUNT" --shape "$SHAPE" \
                --seed "$seed" --dark $option
        fi
        seed=$((seed + 1))
    done
done

# Write the records of the scans of one physics: its folder, their name, patch, further options.
records() {
    made=$1 name=$2 patch=$3
    shift 3
    [ ! -e "$made/records_$name" ] || return 0
    tomoseg-tf records "$made/records_$name" --patch "$patch" --fractions 0.8,0.2,0 "$@" \
        --pairs "$made/precipitates/scans" "$made/precipitates/truth" \
        --pairs "$made/pores/scans" "$made/pores/truth"
}

# Train a network on such records: folder, their name, recipe, run, minutes, further settings.
fit() {
    made=$1 name=$2 recipe=$3 run=$4 minutes=$5
    shift 5
    [ ! -e "$made/fitted_$run" ] || return 0
    tomoseg-tf train "$recipe" --records "$made/records_$name" -o "$made/$run" \
        --epochs 1000 --minutes "$minutes" "$@" $SETTINGS
    touch "$made/fitted_$run"
}

# 2. Two 3D networks of the same recipe and time, and what they find in the real scans.
if [ $# -gt 0 ]; then
    for physics in fixed randomised; do
        made=$OUT/$physics
        records "$made" 3d "$PATCH" --filter local
        fit "$made" 3d inclusions run_3d "$MINUTES"
        fit "$made" 3d inclusions_finish finish_3d "$MINUTES_FINISH" --from "$made/run_3d/best_dice"
    done
    set -- "$@" --weights "fixed=$OUT/fixed/finish_3d/best_dice" \
        --weights "randomised=$OUT/randomised/finish_3d/best_dice"
    for other in $OTHERS; do
        set -- "$@" --weights "$other=$other"
    done
    set -- "$@" --seeds $SEEDS
    python "$HERE/measure.py" "$OUT/scans" --scans "$@"
fi

# 3. Networks of slices, and what they find in the real image.
if [ -n "$IMAGE" ]; then
    for physics in fixed randomised edges; do
        records "$OUT/$physics" 2d slice --filter local:33,yx
        fit "$OUT/$physics" 2d slices_unet run_2d "$MINUTES_2D" --set "batches.crop=[1,128,128]" \
            --set batches.foreground=0.5 --set "augmentation.contrast=[0.8,1.25]"
    done
    python "$HERE/measure.py" "$OUT/image" --image "$IMAGE" "$MASK" $INVERT --bin "$BIN" \
        --weights "fixed=$OUT/fixed/run_2d/best_dice" \
        --weights "randomised=$OUT/randomised/run_2d/best_dice" \
        --weights "edges=$OUT/edges/run_2d/best_dice"
fi
