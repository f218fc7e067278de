#!/bin/sh
# Table II of Torbati-Sarraf et al. (2021) on a simulated AA7075 pillar, small enough for a processor.
# See README.md beside this file. Every setting can be given from outside, as in
#   OUT=/data/try MINUTES=60 sh run.sh
# The same command goes on where it was interrupted.
set -eu

: "${OUT:=aa7075}"               # folder for everything that is written
: "${SHAPE:=96,384,384}"         # sides of the pillar (z,y,x); 730,768,768 in the paper
: "${PATCH:=slice}"              # whole slices, so that each pixel is scored once
: "${CROP:=[1,192,192]}"         # sides are multiples of 96 (PSPNet: 48, UNet++: 32)
: "${FRACTIONS:=0.7,0.1,0.2}"    # of the slices for training, validation and test
: "${MODELS:=unet_2d,unet_plus_plus,pspnet,deeplab_v3_plus,otsu,random_forest}"
UNET='{"base_features": 16, "batch_norm": true}'
: "${EPOCHS:=1000}"              # more than the minutes allow
: "${MINUTES:=10}"               # for each network and each kind of split
: "${SETTINGS:=}"                # further options, as "--steps 50 --set seed=1"

mkdir -p "$OUT"

# 1. A pillar with its exact truth.
if [ ! -e "$OUT/pillar.tif" ]; then
    tomoseg-tf simulate aa7075 "$OUT/pillar.tif" "$OUT/truth.tif" --shape "$SHAPE" --overwrite
fi

# 2. The same slices twice: drawn at random as published, and in blocks with a guard between them.
#    A test slice drawn at random lies between training slices that look nearly the same.
records() {
    name=$1
    shift
    if [ ! -e "$OUT/$name" ]; then
        tomoseg-tf records "$OUT/$name" --pair "$OUT/pillar.tif" "$OUT/truth.tif" --patch "$PATCH" \
            --fractions "$FRACTIONS" --classes background,inclusion,precipitate "$@"
    fi
}
records random --split slice
records blocks --split block

# 3. All networks by the recipe `compare`, without weights from elsewhere, and two methods without a
#    network. Arguments of a network that is not compared are not named.
set -- --models "$MODELS" --epochs "$EPOCHS" --minutes "$MINUTES" \
    --set "batches.crop=$CROP" $SETTINGS
for network in unet_2d="$UNET" unet_plus_plus='{"backbone": "resnet18"}' \
    pspnet='{"backbone": "resnet18"}' deeplab_v3_plus='{"backbone": "xception_41"}'; do
    case ",$MODELS," in
    *",${network%%=*},"*) set -- "$@" --arguments "$network" ;;
    esac
done
tomoseg-tf compare "$OUT/random" "$OUT/blocks" -o "$OUT/compared" "$@"
