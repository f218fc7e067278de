#!/bin/sh
# Tables 4.1 to 4.5 of Barboza (2020), small enough for a processor.
# See README.md beside this file. Every setting can be given from outside, as in
#   OUT=/data/try TABLES=4.3 MINUTES=60 sh run.sh
# and your own slices in place of a simulated pillar, as in
#   OUT=own SCAN=slices TRUTH=labels PALETTE='#000000:0,#ff0000:1,#0000ff:2' \
#       BINARY='#000000:0,#ff0000:1,#0000ff:1' sh run.sh
# The same command goes on where it was interrupted.
set -eu

: "${OUT:=barboza2020}"          # folder for everything that is written
: "${SCAN:=}"                    # your scan, a file or a folder of slices; empty for a simulated pillar
: "${TRUTH:=}"                   # its truth, with the classes background, precipitate, inclusion
: "${PALETTE:=0:0,1:2,2:1}"      # how its values or colours map to these classes
: "${BINARY:=0:0,1:1,2:1}"       # and to background and particle
: "${SHAPE:=80,192,192}"         # sides of the simulated pillar (z,y,x); 840,774,792 in the thesis
: "${TABLES:=4.1 4.2 4.3 4.4}"   # what is made; Table 4.5 comes with 4.4
: "${IMAGES:=1 10 40}"           # numbers of training slices of Table 4.1; 1 to 620 in the thesis
: "${SLICES:=50,8,16}"           # slices for training, validation and test; 610, 10 and 200 in the thesis
: "${PATCHES:=32 64 128}"        # sides of the patches of Table 4.3
: "${CROP:=[1,192,192]}"         # of Table 4.4; sides are multiples of 96 (PSPNet: 48, UNet++: 32)
: "${MINUTES:=2}"                # for each network
: "${EPOCHS:=1000}"              # more than the minutes allow
: "${RATE:=1.0e-3}"              # minutes are short: ten times the published learning rate
: "${MOMENTUM:=0.9}"            # of batch normalisation: with the 0.99 of Keras minutes are too short
: "${SETTINGS:=}"                # further options, as "--steps 50 --set seed=1"

mkdir -p "$OUT"

# What is in a folder belongs to the inputs that it was begun with.
inputs="SCAN=$SCAN TRUTH=$TRUTH PALETTE=$PALETTE BINARY=$BINARY SHAPE=$SHAPE SLICES=$SLICES"
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

# Write records of slices drawn at random: their name, side of the patches, numbers of slices, classes.
records() {
    [ -e "$OUT/$1" ] || tomoseg-tf records "$OUT/$1" --pair "$SCAN" "$TRUTH" --patch "$2" \
        --split slice --slices "$3" --skip-empty $4
}
two="--classes background,particle --palette $BINARY"
three="--classes background,precipitate,inclusion --palette $PALETTE"

# Compare networks on records: their name, the patches in a batch, further options.
compare() {
    name=$1 batch=$2
    shift 2
    tomoseg-tf compare "$OUT/$name" -o "$OUT/compared_$name" --epochs "$EPOCHS" --minutes "$MINUTES" \
        --set "optimiser.learning_rate=$RATE" --set "batches.batch_size=$batch" \
        --set "batches.validation_batch_size=$batch" "$@" $SETTINGS
}

momentum="--set model.batch_norm_momentum=$MOMENTUM"
for table in $TABLES; do
    case $table in
    # 2. How many images: the U-Net of xlearn as it is, two classes, five test images.
    #    One small slice has fewer patches than the 128 of a published batch, hence 32.
    4.1)
        for images in $IMAGES; do
            records "images_$images" 1,32,32 "$images,8,5" "$two"
            compare "images_$images" 32 --models "images_$images=barboza2020/unet_batches_of_128"
        done
        ;;
    # 3. Two classes and three, with batch normalisation.
    4.2)
        records binary 1,32,32 "$SLICES" "$two"
        compare binary 128 $momentum --models unet_binary=barboza2020/unet_binary
        records patch_32 1,32,32 "$SLICES" "$three"
        compare patch_32 128 $momentum --models patch_32=barboza2020/unet
        ;;
    # 4. Sides of the patches, with the same number of pixels in each batch.
    4.3)
        for side in $PATCHES; do
            records "patch_$side" "1,$side,$side" "$SLICES" "$three"
            compare "patch_$side" $((131072 / side / side)) $momentum --models "patch_$side=barboza2020/unet"
        done
        ;;
    # 5. Four networks on whole slices, three with small encoders; their times are Table 4.5.
    4.4)
        records slices slice "$SLICES" "$three"
        compare slices 4 --recipe compare --set "batches.crop=$CROP" \
            --models unet=unet_2d,unet_plus_plus,pspnet,deeplab_v3_plus \
            --arguments 'unet={"base_features": 16, "batch_norm": true}' \
            --arguments 'unet_plus_plus={"backbone": "resnet18"}' \
            --arguments 'pspnet={"backbone": "resnet18"}' \
            --arguments 'deeplab_v3_plus={"backbone": "xception_41"}'
        ;;
    *)
        echo "TABLES has $table; there are 4.1, 4.2, 4.3 and 4.4" >&2
        exit 1
        ;;
    esac
done
