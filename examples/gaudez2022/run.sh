#!/bin/sh
# The way of Gaudez et al. (2022) on three simulated micropillars, small enough for a processor.
# See README.md beside this file. Every setting can be given from outside, as in
#   OUT=/data/try FROM= EPOCHS=60 sh run.sh
# The same command goes on where it was interrupted.
set -eu

: "${OUT:=gaudez2022}"          # folder for everything that is written
: "${DEPTHS:=144 96 48}"         # slices of the pillars for training, validation and test
: "${WIDTH:=192}"               # their sides in y and x, in voxels; 1024 in the paper
: "${PATCH:=48,64,64}"          # sub-volumes (z,y,x), multiples of 8; 192,192,192 in the paper
: "${RECIPE:=micropillar}"      # ours; gaudez2022 has the published settings
: "${FROM=unet_3d_micropillar}"   # fitted weights to start from; empty for a start at random
: "${EPOCHS:=2}"                # of 20 steps each; 240 epochs in the paper
: "${NET:=4:8}"                  # levels and base features of the network
: "${NETS:=}"                   # nets of the ablation, as "4:8,3:8,4:4"; empty for none
: "${SETTINGS=--set schedule.steps_per_epoch=20 --set optimiser.learning_rate=0.0001 --set model.freeze_batch_norm=true}"

mkdir -p "$OUT"

# 1. Three samples with their exact truth.
number=0
for depth in $DEPTHS; do
    number=$((number + 1))
    if [ ! -e "$OUT/pillar$number.tif" ]; then
        tomoseg-tf simulate micropillar "$OUT/pillar$number.tif" "$OUT/truth$number.tif" \
            --shape "$depth,$WIDTH,$WIDTH" --seed "20$number" --overwrite
    fi
done
tomoseg-tf info "$OUT/pillar1.tif"

# 2. Sub-volumes that do not overlap; each sample belongs to one split, the third to the test.
if [ ! -e "$OUT/records" ]; then
    tomoseg-tf records "$OUT/records" --patch "$PATCH" --split sample --test 2 \
        --pair "$OUT/pillar1.tif" "$OUT/truth1.tif" \
        --pair "$OUT/pillar2.tif" "$OUT/truth2.tif" \
        --pair "$OUT/pillar3.tif" "$OUT/truth3.tif"
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
    tomoseg-tf segment "$OUT/pillar3.tif" "$OUT/segmentation3.tif" -w "$OUT/run/best_loss" \
        --probabilities "$OUT/probabilities3.tif" --grey-levels --overwrite
fi

# 5. Confusion matrix and scores, as in Fig. 4.
tomoseg-tf evaluate "$OUT/truth3.tif" "$OUT/segmentation3.tif" \
    --figure "$OUT/confusion.png" --overwrite

# 6. The ablation of Table 2, if it is asked for.
if [ -n "$NETS" ]; then
    tomoseg-tf ablation "$OUT/records" -o "$OUT/ablation" --recipe "$RECIPE" --nets "$NETS" "$@"
fi
