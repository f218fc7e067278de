#!/bin/sh
# How many labels are enough? One network for each kind and share of labels, all scored on another scan.
# See README.md beside this file:
#   sh run.sh                                            # on two simulated scans
#   OUT=own sh run.sh SCAN TRUTH TEST_SCAN TEST_TRUTH    # on your own, fully labelled
# Every setting can be given from outside, as in OUT=/data/try SHARES="3 100" sh run.sh
# The same command goes on where it was interrupted.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
: "${OUT:=few_labels}"           # folder for everything that is written
: "${SHAPE:=64,128,128}"         # sides of the simulated scans (z,y,x)
: "${CLASSES:=background,object}" # of both truths, the background first
: "${PALETTE:=auto}"             # how their values or colours map to these
: "${PATCH:=32,64,64}"
: "${KINDS:=slices boxes scribbles}"
: "${SHARES:=1 3 10 30}"         # of the voxels that are labelled, in percent
: "${SCRIBBLED:=0.1 0.3 1 3}"    # the same for scribbles, which are thin
: "${SIDE:=16}"                  # of the boxes, in voxels
: "${SEEDS:=0}"                  # of the choice of labels and of the training
: "${RECIPE:=few_labels}"
: "${EPOCHS:=8}"                 # of STEPS steps, for each network alike
: "${STEPS:=25}"
: "${SETTINGS:=}"                # further options of train, as "--set batches.crop=[16,32,32]"

if [ $# -eq 4 ]; then
    scan=$1 truth=$2 test=$3 test_truth=$4
    for file in "$@"; do
        [ -e "${file%%::*}" ] || { echo "$file is not there" >&2; exit 1; }
    done
elif [ $# -eq 0 ]; then
    scan=$OUT/scan.tif truth=$OUT/truth.tif test=$OUT/test.tif test_truth=$OUT/test_truth.tif
else
    echo "give SCAN TRUTH TEST_SCAN TEST_TRUTH, or nothing" >&2
    exit 2
fi
mkdir -p "$OUT"

# What is in a folder belongs to the inputs that it was begun with.
inputs="SCANS=$scan $truth $test $test_truth SHAPE=$SHAPE CLASSES=$CLASSES PALETTE=$PALETTE
    PATCH=$PATCH SIDE=$SIDE RECIPE=$RECIPE EPOCHS=$EPOCHS STEPS=$STEPS SETTINGS=$SETTINGS"
[ -e "$OUT/inputs" ] || printf '%s\n' "$inputs" >"$OUT/inputs"
[ "$inputs" = "$(cat "$OUT/inputs")" ] || {
    echo "$OUT was begun with other inputs, see $OUT/inputs: give another OUT=, or remove $OUT" >&2
    exit 1
}

if [ $# -eq 0 ]; then
    [ -e "$truth" ] || tomoseg-tf simulate dendrites "$scan" "$truth" --shape "$SHAPE" --seed 1 \
        --fraction 0.08 --overwrite
    [ -e "$test_truth" ] || tomoseg-tf simulate dendrites "$test" "$test_truth" --shape "$SHAPE" \
        --seed 2 --fraction 0.08 --overwrite
fi

# Write the labels of one network, and count them: name, further options.
label() {
    name=$1
    shift
    [ ! -e "$OUT/$name.labels" ] || return 0
    tomoseg-tf truth "$OUT/$name.tif" --label "$truth" --classes "$CLASSES" --palette "$PALETTE" "$@" \
        --overwrite --json >"$OUT/$name.tmp"
    mv "$OUT/$name.tmp" "$OUT/$name.labels"
}

# Train on a truth and score on the test scan: name, truth, seed. The labels are too few to keep some
# for the validation, which is on the same: it finds no more than the epoch that has learnt them best.
measure() {
    name=$1 labels=$2 seed=$3
    [ ! -e "$OUT/$name.json" ] || return 0
    if [ ! -e "$OUT/$name/records" ]; then
        mkdir -p "$OUT/$name"
        tomoseg-tf records "$OUT/$name/records" --pair "$scan" "$labels" --pair "$scan" "$labels" \
            --validation 1 --fractions 0.5,0.5,0 --patch "$PATCH" --cover shift \
            --classes "$CLASSES" --palette classes
    fi
    if [ ! -e "$OUT/$name/trained" ]; then
        tomoseg-tf train "$RECIPE" --records "$OUT/$name/records" -o "$OUT/$name/run" \
            --epochs "$EPOCHS" --set "schedule.steps_per_epoch=$STEPS" --set "seed=$seed" $SETTINGS
        touch "$OUT/$name/trained"
    fi
    tomoseg-tf segment "$test" "$OUT/$name/result.tif" -w "$OUT/$name/run/best_loss" --overwrite
    tomoseg-tf evaluate "$test_truth" "$OUT/$name/result.tif" --names "$CLASSES" --palette "$PALETTE" \
        --segmentation-palette classes --no-boundary --json >"$OUT/$name.tmp"
    mv "$OUT/$name.tmp" "$OUT/$name.json"
}

for seed in $SEEDS; do
    for kind in $KINDS; do
        [ "$kind" = scribbles ] && shares=$SCRIBBLED || shares=$SHARES
        for share in $shares; do
            name=${kind}_${share}_$seed
            [ "$kind" = boxes ] && amount=${share}%x$SIDE || amount=$share%
            label "$name" --sparse "$kind:$amount" --seed "$seed"
            measure "$name" "$OUT/$name.tif" "$seed"
        done
    done
    label "all_100_$seed"
    measure "all_100_$seed" "$OUT/all_100_$seed.tif" "$seed"
done

python "$HERE/curve.py" "$OUT"
