#!/bin/sh
# The way of Gaudez et al. (2022) on three simulated micropillars, small enough for a processor.
# See README.md beside this file. Every setting can be given from outside, as in
#   OUT=/data/try FROM= EPOCHS=60 sh run.sh
# and your own pillars in place of simulated ones, for training, validation and test, as in
#   OUT=own SCANS="p1.tif p2.tif p3.tif" TRUTHS="t1.tif t2.tif t3.tif" sh run.sh
# The same command goes on where it was interrupted.
set -eu

: "${OUT:=gaudez2022}"          # folder for everything that is written; no blanks in its name
: "${SCANS:=}"                   # your scans for training, validation and test, no blanks in these names;
                                 # empty for simulated pillars
: "${TRUTHS:=}"                  # their truths: 0 background, 1 (or 255) object; no blanks either
: "${DEPTHS:=144 96 48}"         # slices of the pillars for training, validation and test
: "${WIDTH:=192}"               # their sides in y and x, in voxels; 1024 in the paper
: "${PATCH:=48,64,64}"          # sub-volumes (z,y,x), multiples of 8; 192,192,192 in the paper
: "${RECIPE:=micropillar}"      # ours; gaudez2022 has the published settings
: "${FROM=unet_3d_micropillar}"   # fitted weights to start from; empty for a start at random
: "${EPOCHS:=2}"                # of 20 steps each; 240 epochs in the paper
: "${NET:=4:8}"                  # levels and base features of the network
: "${NETS:=}"                   # nets of the ablation, as "4:8,3:8,4:4"; empty for none
: "${SETTINGS=--set schedule.steps_per_epoch=20 --set optimiser.learning_rate=0.0001 --set model.freeze_batch_norm=true}"

case $OUT in *" "*) echo "OUT=$OUT has a blank: give a folder without" >&2; exit 1 ;; esac
set -- $SCANS $TRUTHS
[ -n "$SCANS" ] || set -- $DEPTHS $DEPTHS
[ $# = 6 ] || { echo "SCANS and TRUTHS must name three files each, DEPTHS three numbers" >&2; exit 1; }
mkdir -p "$OUT"

# What is in a folder belongs to the inputs that it was begun with.
inputs="SCANS=$SCANS TRUTHS=$TRUTHS DEPTHS=$DEPTHS WIDTH=$WIDTH PATCH=$PATCH
    RECIPE=$RECIPE FROM=$FROM EPOCHS=$EPOCHS NET=$NET SETTINGS=$SETTINGS"
[ -e "$OUT/inputs" ] || printf '%s\n' "$inputs" >"$OUT/inputs"
[ "$inputs" = "$(cat "$OUT/inputs")" ] || {
    echo "$OUT was begun with other inputs, see $OUT/inputs: give another OUT=, or remove $OUT" >&2
    exit 1
}

# 1. Three samples with their exact truth, unless there are some.
if [ -z "$SCANS" ]; then
    number=0 TRUTHS=
    for depth in $DEPTHS; do
        number=$((number + 1))
        SCANS="$SCANS $OUT/pillar$number.tif" TRUTHS="$TRUTHS $OUT/truth$number.tif"
        if [ ! -e "$OUT/pillar$number.tif" ]; then
            tomoseg-tf simulate micropillar "$OUT/pillar$number.tif" "$OUT/truth$number.tif" \
                --shape "$depth,$WIDTH,$WIDTH" --seed "20$number" --overwrite
        fi
    done
fi
set -- $SCANS $TRUTHS
scan=$3 truth=$6
tomoseg-tf info "$1"

# 2. Sub-volumes that do not overlap; each sample belongs to one split, the third to the test.
if [ ! -e "$OUT/records" ]; then
    tomoseg-tf records "$OUT/records" --patch "$PATCH" --split sample --test 2 \
        --pair "$1" "$4" --pair "$2" "$5" --pair "$3" "$6"
fi

# 3. The default begins from fitted weights, whose batch normalisation stays as it is. Small sub-volumes
#    differ so much from each other that they are normalised as the whole scan is.
set -- --epochs "$EPOCHS" --set normalisation.training=volume $SETTINGS
if [ ! -e "$OUT/trained" ]; then
    tomoseg-tf train "$RECIPE" --records "$OUT/records" -o "$OUT/run" "$@" ${FROM:+--from "$FROM"} \
        --set "model.arguments.levels=${NET%:*}" --set "model.arguments.base_features=${NET#*:}"
    touch "$OUT/trained"
fi

# 4. The pillar that the network never saw, with the weights of the best validation loss, as published.
if [ ! -e "$OUT/segmentation3.tif" ]; then
    tomoseg-tf segment "$scan" "$OUT/segmentation3.tif" -w "$OUT/run/best_loss" \
        --probabilities "$OUT/probabilities3.tif" --grey-levels --overwrite
fi

# 5. Scores, the confusion matrix of Fig. 4, and the objects of Table 1 one by one.
tomoseg-tf evaluate "$truth" "$OUT/segmentation3.tif" \
    --figure "$OUT/fig4.png" --objects "$OUT/matched.csv" --overwrite >"$OUT/scores.txt"
cat "$OUT/scores.txt"

# 6. Table 1 and Figs. 3, 5 and 6.
{
    echo "Ground truth"
    tomoseg-tf objects "$truth" "$OUT/objects_truth.csv" --volume "$scan" --overwrite
    echo
    echo "Predicted"
    tomoseg-tf objects "$OUT/segmentation3.tif" "$OUT/objects.csv" --volume "$scan" --overwrite
} >"$OUT/table1.txt"
cat "$OUT/table1.txt"
tomoseg-tf plot grey "$scan" "$truth" "$OUT/fig3.png" --overwrite
tomoseg-tf plot slices "$scan" "$OUT/fig5.png" --truth "$truth" --segmentation "$OUT/segmentation3.tif" --overwrite
tomoseg-tf plot sizes "$OUT/objects_truth.csv" "$OUT/objects.csv" "$OUT/fig6a.png" --overwrite
tomoseg-tf plot shapes "$OUT/objects_truth.csv" "$OUT/fig6b.png" --overwrite
tomoseg-tf plot shapes "$OUT/objects.csv" "$OUT/fig6c.png" --overwrite

# 7. The ablation of Table 2, if it is asked for.
if [ -n "$NETS" ]; then
    tomoseg-tf ablation "$OUT/records" -o "$OUT/ablation" --recipe "$RECIPE" --nets "$NETS" "$@"
fi
