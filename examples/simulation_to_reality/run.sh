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
: "${MINUTES:=10}"               # for each of the two networks
: "${SETTINGS:=}"                # further options of train, as "--epochs 1 --set seed=1"
: "${SEEDS:=1 2}"                # of the inserted objects
: "${OTHERS=unet_3d_micropillar}" # further weights to measure; empty for none
: "${IMAGE:=}"                   # a real image with a mask, for networks of slices; empty for none
: "${MASK:=}"                    # its classes, 0 is background
: "${MINUTES_2D:=8}"             # for each of two networks of slices

mkdir -p "$OUT"

# 1. The same objects in scans that are all taken alike, and in scans that each draw their physics.
for physics in fixed randomised; do
    seed=1
    [ "$physics" = fixed ] && option= || option=--randomise
    for kind in precipitates pores; do
        if [ ! -e "$OUT/$physics/$kind" ]; then
            mkdir -p "$OUT/$physics"
            tomoseg-tf simulate "$kind" "$OUT/$physics/$kind" --count "$COUNT" --shape "$SHAPE" \
                --seed "$seed" $option
        fi
        seed=$((seed + 1))
    done
done

# Train a network on the scans of one physics: name, recipe, patch, minutes, further settings.
fit() {
    name=$1 recipe=$2 patch=$3 minutes=$4
    shift 4
    for physics in fixed randomised; do
        made=$OUT/$physics
        if [ ! -e "$made/records_$name" ]; then
            tomoseg-tf records "$made/records_$name" --patch "$patch" --fractions 0.8,0.2,0 \
                --pairs "$made/precipitates/scans" "$made/precipitates/truth" \
                --pairs "$made/pores/scans" "$made/pores/truth"
        fi
        if [ ! -e "$made/fitted_$name" ]; then
            tomoseg-tf train "$recipe" --records "$made/records_$name" -o "$made/run_$name" \
                --epochs 1000 --minutes "$minutes" "$@" $SETTINGS
            touch "$made/fitted_$name"
        fi
    done
}

# 2. Two 3D networks of the same recipe and time, and what they find in the real scans.
if [ $# -gt 0 ]; then
    fit 3d inclusions "$PATCH" "$MINUTES"
    set -- "$@" --weights "fixed=$OUT/fixed/run_3d/best_dice" \
        --weights "randomised=$OUT/randomised/run_3d/best_dice"
    for other in $OTHERS; do
        set -- "$@" --weights "$other=$other"
    done
    set -- "$@" --seeds $SEEDS
    python "$HERE/measure.py" "$OUT/scans" --scans "$@"
fi

# 3. Two networks of slices, and what they find in the real image.
if [ -n "$IMAGE" ]; then
    fit 2d slices_unet slice "$MINUTES_2D" --set "batches.crop=[1,128,128]" \
        --set batches.foreground=0.5 --set "augmentation.contrast=[0.8,1.25]"
    python "$HERE/measure.py" "$OUT/image" --image "$IMAGE" "$MASK" \
        --weights "fixed=$OUT/fixed/run_2d/best_dice" \
        --weights "randomised=$OUT/randomised/run_2d/best_dice"
fi
