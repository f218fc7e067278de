#!/bin/sh
# Tables I and II of Torbati-Sarraf et al. (2021), small enough for a processor.
# See README.md beside this file. Every setting can be given from outside, as in
#   OUT=/data/try MINUTES=60 sh run.sh
# and your own slices in place of a simulated pillar, as in
#   OUT=own SCAN=slices TRUTH=labels PALETTE='#000000:0,#0000ff:1,#ff0000:2' \
#       BINARY='#000000:0,#0000ff:1,#ff0000:1' sh run.sh
# The same command goes on where it was interrupted.
set -eu

: "${OUT:=torbati2021}"          # folder for everything that is written
: "${SCAN:=}"                    # your scan, a file or a folder of slices; empty for a simulated pillar
: "${TRUTH:=}"                   # its truth, with the classes background, inclusion, precipitate
: "${PALETTE:=0:0,1:1,2:2}"      # how its values or colours map to these classes
: "${BINARY:=0:0,1:1,2:1}"       # and to background and particle
: "${SHAPE:=96,384,384}"         # sides of the simulated pillar (z,y,x); 730,768,768 in the paper
: "${PATCH:=slice}"              # whole slices, so that each pixel is scored once
: "${CROP:=[1,192,192]}"         # sides are multiples of 96 (PSPNet: 48, UNet++: 32)
: "${FRACTIONS:=0.7,0.1,0.2}"    # of the slices for training, validation and test
: "${MODELS:=unet_2d,unet_plus_plus,pspnet,deeplab_v3_plus,otsu,random_forest}"
: "${BINARY_MODELS=unet_2d}"     # of Table I; empty to leave it out
UNET='{"base_features": 16, "batch_norm": true}'
: "${EPOCHS:=1000}"              # more than the minutes allow
: "${MINUTES:=10}"               # for each network and each kind of split
: "${SETTINGS:=}"                # further options, as "--steps 50 --set seed=1"

mkdir -p "$OUT"

# What is in a folder belongs to the inputs that it was begun with.
inputs="SCAN=$SCAN TRUTH=$TRUTH PALETTE=$PALETTE BINARY=$BINARY SHAPE=$SHAPE PATCH=$PATCH FRACTIONS=$FRACTIONS"
[ -e "$OUT/inputs" ] || printf '%s\n' "$inputs" >"$OUT/inputs"
[ "$inputs" = "$(cat "$OUT/inputs")" ] || {
    echo "$OUT was begun with other inputs, see $OUT/inputs: give another OUT=, or remove $OUT" >&2
    exit 1
}

# 1. A pillar with its exact truth, unless there is one.
if [ -z "$SCAN" ]; then
    SCAN=$OUT/pillar.tif TRUTH=$OUT/truth.tif
    [ -e "$SCAN" ] || tomoseg-tf simulate aa7075 "$SCAN" "$TRUTH" --shape "$SHAPE" --overwrite
fi

# 2. The same slices drawn at random as published, and in blocks with a guard between them. A test slice
#    drawn at random lies between training slices that look nearly the same. For Table I, in two classes.
records() {
    name=$1
    shift
    if [ ! -e "$OUT/$name" ]; then
        tomoseg-tf records "$OUT/$name" --pair "$SCAN" "$TRUTH" --patch "$PATCH" --fractions "$FRACTIONS" "$@"
    fi
}
three="--classes background,inclusion,precipitate --palette $PALETTE"
records random --split slice $three
records blocks --split block $three
[ -z "$BINARY_MODELS" ] ||
    records binary --split slice --classes background,particle --palette "$BINARY"

# Compare MODELS on records by the recipe `compare`, without weights from elsewhere, and methods without a
# network. Arguments of a network that is not compared are not named.
compare() {
    name=$1 models=$2
    shift 2
    set -- "$@" -o "$OUT/$name" --models "$models" --epochs "$EPOCHS" --minutes "$MINUTES" \
        --set "batches.crop=$CROP" $SETTINGS
    for network in unet_2d="$UNET" unet_plus_plus='{"backbone": "resnet18"}' \
        pspnet='{"backbone": "resnet18"}' deeplab_v3_plus='{"backbone": "xception_41"}'; do
        case ",$models," in
        *",${network%%=*},"*) set -- "$@" --arguments "$network" ;;
        esac
    done
    tomoseg-tf compare "$@"
}

# 3. Table II.
compare compared "$MODELS" "$OUT/random" "$OUT/blocks"

# 4. Table I: the U-Net of Table II, once more with both kinds of particles as one class.
[ -z "$BINARY_MODELS" ] || compare compared_binary "$BINARY_MODELS" "$OUT/binary"
