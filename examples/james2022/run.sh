#!/bin/sh
# The study of James et al. (2022) on simulated dendrites, small enough for a processor.
# See README.md beside this file. Every setting can be given from outside, as in
#   OUT=/data/try MINUTES=30 EPOCHS=400 TRIALS=30 sh run.sh
# and your own scans in place of simulated ones, as in
#   OUT=own CHEAP="a.tif a_cheap.tif b.tif b_cheap.tif" HAND="c.tif c_hand.tif" SHAPE=250,852,852 sh run.sh
# The same command goes on where it was interrupted.
set -eu

HERE=$(dirname "$0")
: "${OUT:=james2022}"            # folder for everything that is written; no blanks in its name
: "${SHAPE:=56,128,128}"         # sides of a scan (z,y,x); 250,852,852 in the paper
: "${CHEAP:=}"                   # your scans, each before its cheap labels, no blanks in these names;
                                 # empty for simulated dendrites
: "${HAND:=}"                    # and those before their labels by hand, no blanks either
: "${STEPS:=3}"                  # scans with cheap labels, while the dendrites grow
: "${NETS:=unet_2d unet_3d fcdense_3d}"
: "${MINUTES:=2}"                # of training on cheap labels, for each network
: "${FINE_MINUTES:=$(awk "BEGIN { print $MINUTES / 2 }")}" # of fine-tuning on labels by hand
: "${EPOCHS:=27}"                # at most, of every training; raise it with MINUTES
: "${TRIALS:=6}"                 # of each search; each has the same minutes at most
: "${GROUPS_OF_8:=6,4,4}"        # groups of 8 slices for training, validation and test, as published
: "${CLASSICAL:=otsu,kmeans,em_mpm,svm,random_forest}"
: "${SETTINGS:=}"                # further options of train, and of step 1 of tune, as "--set seed=1"

case $OUT in *" "*) echo "OUT=$OUT has a blank: give a folder without" >&2; exit 1 ;; esac
mkdir -p "$OUT"

# What is in a folder belongs to the inputs that it was begun with.
inputs="CHEAP=$CHEAP HAND=$HAND SHAPE=$SHAPE STEPS=$STEPS GROUPS_OF_8=$GROUPS_OF_8
    MINUTES=$MINUTES FINE_MINUTES=$FINE_MINUTES EPOCHS=$EPOCHS SETTINGS=$SETTINGS"
[ -e "$OUT/inputs" ] || printf '%s\n' "$inputs" >"$OUT/inputs"
[ "$inputs" = "$(cat "$OUT/inputs")" ] || {
    echo "$OUT was begun with other inputs, see $OUT/inputs: give another OUT=, or remove $OUT" >&2
    exit 1
}

# The networks of Table 1, narrow.
builder() {
    case $1 in
    unet_2d) echo residual_unet_2d ;;
    unet_3d) echo residual_unet_3d ;;
    *) echo "$1" ;;
    esac
}
arguments() {
    case $1 in
    unet_2d) echo '{"levels": 3, "base_features": 16}' ;;
    unet_3d) echo '{"levels": 3, "base_features": 8}' ;;
    *) echo '{"blocks": [2, 2, 2, 2, 2], "growth_rate": 6, "base_features": 12}' ;;
    esac
}

# 1. Scans of growing dendrites. Cheap labels come from a filter and a threshold, as those of an older
#    network did; the exact truth of two other scans takes the place of labels by hand.
# Options of records from scans, each before its labels.
pairs() {
    set -- $1
    while [ $# -gt 0 ]; do
        printf ' --pair %s %s' "$1" "$2"
        shift 2
    done
}
if [ ! -e "$OUT/cheap" ]; then
    if [ -z "$CHEAP" ]; then
        tomoseg-tf simulate dendrites "$OUT/series.tif" "$OUT/exact.tif" --rough "$OUT/rough.tif" \
            --shape "$SHAPE" --steps "$STEPS" --seed 1 --overwrite
        for scan in "$OUT"/series*.tif; do CHEAP="$CHEAP $scan $OUT/rough${scan#"$OUT/series"}"; done
    fi
    tomoseg-tf records "$OUT/cheap" $(pairs "$CHEAP") --patch "8,${SHAPE#*,}" --split group --group 8 \
        --fractions 0.7,0.2,0.1 --classes background,dendrite
fi
if [ -z "$HAND" ]; then
    HAND="$OUT/scan1.tif $OUT/truth1.tif $OUT/scan2.tif $OUT/truth2.tif"
    for number in 1 2; do
        [ -e "$OUT/hand" ] || tomoseg-tf simulate dendrites "$OUT/scan$number.tif" "$OUT/truth$number.tif" \
            --shape "$SHAPE" --seed "1$number" --overwrite
    done
fi
if [ ! -e "$OUT/hand" ]; then
    tomoseg-tf records "$OUT/hand" $(pairs "$HAND") --patch "8,${SHAPE#*,}" --split group --group 8 \
        --groups "$GROUPS_OF_8" --classes background,dendrite
fi

# 2. Each network three times: on cheap labels only; then fine-tuned; and both steps by a search.
train() {
    folder=$1
    shift
    [ ! -e "$OUT/$folder/.trained" ] || return 0
    case " $* " in *" --from "*) set -- "$HERE/hand.yaml" "$@" ;; *) set -- "$HERE/cheap.yaml" "$@" ;; esac
    tomoseg-tf train "$@" -o "$OUT/$folder" --set "model.name=$name" --set "model.arguments=$given" \
        --set "schedule.epochs=$EPOCHS" $SETTINGS
    touch "$OUT/$folder/.trained"
}
models=
for net in $NETS; do
    name=$(builder "$net") given=$(arguments "$net")
    train "cheap_$net" --records "$OUT/cheap" --set "schedule.minutes=$MINUTES"
    train "fine_$net" --records "$OUT/hand" --set "schedule.minutes=$FINE_MINUTES" \
        --from "$OUT/cheap_$net/best_dice"
    tomoseg-tf tune "$HERE/cheap.yaml" --records "$OUT/cheap" -o "$OUT/tuned_$net" --then "$HERE/hand.yaml" \
        --then-records "$OUT/hand" --trials "$TRIALS" --set "model.name=$name" \
        --set "model.arguments=$given" --set "schedule.minutes=$MINUTES" --set "schedule.epochs=$EPOCHS" \
        --then-set "schedule.minutes=$MINUTES" --then-set "schedule.epochs=$EPOCHS" $SETTINGS
    models=$models,cheap_$net=$OUT/cheap_$net/best_dice,fine_$net=$OUT/fine_$net/best_dice
    models=$models,tuned_$net=$OUT/tuned_$net/best
done

# 3. Table 2: all of them, and methods without a network, on the test groups of the labels by hand.
tomoseg-tf compare "$OUT/hand" -o "$OUT/compared" --models "${models#,},$CLASSICAL"

# 4. Figures 4 to 7: errors of a whole scan in an xy and an xz plane, for each network, and its surface.
set -- $HAND
while [ $# -gt 2 ]; do shift 2; done
for net in $NETS; do
    [ -e "$OUT/overlay_$net.png" ] || {
        tomoseg-tf segment "$1" "$OUT/segmented_$net.tif" -w "$OUT/tuned_$net/best" --overwrite
        tomoseg-tf plot rendering "$OUT/segmented_$net.tif" "$OUT/rendering_$net.png" --overwrite
        tomoseg-tf evaluate "$2" "$OUT/segmented_$net.tif" --overlay "$OUT/overlay_$net.png" --overwrite
    }
done
