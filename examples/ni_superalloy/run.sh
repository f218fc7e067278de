#!/bin/sh
# Networks of slices on the micrographs of a Ni superalloy; see README.md beside this file:
#   sh run.sh FOLDER      # FOLDER has train/images, train/masks, val/images and val/masks
# Every setting can be given from outside, as in OUT=/data/try MINUTES=5 sh run.sh FOLDER
# The same command goes on where it was interrupted.
set -eu

DATA=${1:?"give the folder of the data: sh run.sh FOLDER"}
: "${OUT:=ni_superalloy}"        # folder for everything that is written
: "${PATCH:=slice}"              # whole micrographs, so that each pixel is scored once
: "${CROP:=[1,192,192]}"         # sides are multiples of 96 (PSPNet: 48, UNet++: 32)
: "${CROPS:=8}"                  # of each micrograph in an epoch
: "${BATCH:=4}"                  # crops in a step
: "${MODELS:=unet_2d,unet_resnet18=unet_plus_plus,unet_plus_plus,pspnet,deeplab_v3_plus,otsu,random_forest}"
: "${FOLDS=1 2 3}"               # folds of the choice among them; empty to leave it out
: "${FOLD_MINUTES:=3}"           # for each network and fold
: "${FINAL=$MODELS}"             # what is trained on all of train and scored on val, once
: "${MINUTES:=30}"               # for each of these
: "${EPOCHS:=1000}"              # more than the minutes allow
: "${HELD=spot5}"                # spot of train that tells the best epoch in the end and is not
                                 # trained on; empty: all are, and that spot is looked at all the same
: "${TURNS:=none}"               # what networks are averaged over: none, flips or square
: "${EPOCH:=best}"                # whose weights are scored: best on validation, or last
: "${VOTE:=false}"               # true: each object gets the class of most of its pixels
: "${ENSEMBLE=}"                 # mean of networks as one more entry: both=unet_2d,unet_resnet18
: "${SETTINGS:=}"                # further options, as "--steps 50 --set seed=1"
PLAIN='{"base_features": 32, "batch_norm": true}'
UNET='{"backbone": "resnet18", "topology": "unet"}'
ENCODER='{"backbone": "resnet18"}'
XCEPTION='{"backbone": "xception_41"}'

mkdir -p "$OUT"

# Write records from micrographs to train on, to validate and to test.
records() {
    name=$1 training=$2 validation=$3 test=$4
    [ ! -e "$OUT/$name" ] || return 0
    set --
    for file in $training $validation $test; do
        set -- "$@" --pair "$DATA/${file%%/*}/images/${file#*/}" "$DATA/${file%%/*}/masks/${file#*/}"
    done
    number=$(echo $training | wc -w)
    for file in $validation; do
        set -- "$@" --validation "$number"
        number=$((number + 1))
    done
    for file in $test; do
        set -- "$@" --test "$number"
        number=$((number + 1))
    done
    tomoseg-tf records "$OUT/$name" "$@" --patch "$PATCH" --cover shift --split sample \
        --fractions 0.6,0.2,0.2 --palette classes --classes matrix,large,small
}

# Compare networks on records, of several folds or of one split, for so many minutes each.
compare() {
    name=$1 models=$2 minutes=$3
    shift 3
    for records in "$@"; do
        set -- "$@" "$OUT/$records"
        shift
    done
    set -- "$@" --models "$models" --epochs "$EPOCHS" --minutes "$minutes" \
        --set "batches.crop=$CROP" --set "batches.crops_per_patch=$CROPS" \
        --set "batches.batch_size=$BATCH" --turns "$TURNS" \
        --epoch "$EPOCH" $SETTINGS
    [ "$VOTE" != true ] || set -- "$@" --vote
    [ -z "$ENSEMBLE" ] || set -- "$@" --ensemble "$ENSEMBLE"
    for entry in $(echo "$models" | tr , ' '); do
        label=${entry%%=*}
        case $label in
        unet_2d*) set -- "$@" --arguments "$label=$PLAIN" ;;
        unet_resnet18*) set -- "$@" --arguments "$label=$UNET" ;;
        unet_plus_plus* | pspnet*) set -- "$@" --arguments "$label=$ENCODER" ;;
        deeplab_v3_plus*) set -- "$@" --arguments "$label=$XCEPTION" ;;
        esac
    done
    tomoseg-tf compare -o "$OUT/compared_$name" "$@"
}

of_spots() {
    for spot in "$@"; do (cd "$DATA" && ls -d train/images/"$spot"_* | sed 's,images/,,'); done
}

# 1. Every choice is made on train, in three folds by spot: micrographs of one spot look alike.
names=
for fold in $FOLDS; do
    case $fold in
    1) test="spot3 spot4" validation=spot5 training="spot6 spot7" ;;
    2) test="spot5 spot6" validation=spot7 training="spot3 spot4" ;;
    *) test=spot7 validation=spot3 training="spot4 spot5 spot6" ;;
    esac
    records "fold$fold" "$(of_spots $training)" "$(of_spots $validation)" "$(of_spots $test)"
    names="$names fold$fold"
done
[ -z "$FOLDS" ] || compare folds "$MODELS" "$FOLD_MINUTES" $names

# 2. What was chosen is trained on train, without the spot that tells the best epoch, and scored on val.
[ -n "$FINAL" ] || exit 0
val=$(cd "$DATA" && ls -d val/images/* | sed 's,images/,,')
training=
for spot in spot3 spot4 spot5 spot6 spot7; do
    [ "$spot" = "$HELD" ] || training="$training $spot"
done
final=final_${HELD:-all}
records "$final" "$(of_spots $training)" "$(of_spots "${HELD:-spot5}")" "$val"
compare "$final" "$FINAL" "$MINUTES" "$final"
