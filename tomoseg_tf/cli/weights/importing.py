"""``weights import`` and ``weights fingerprint``."""

import json
from dataclasses import replace

import click

from tomoseg_tf.cli import options
from tomoseg_tf.cli.arguments import JsonObject
from tomoseg_tf.cli.weights.showing import as_dict


@click.command("import", short_help="Turn a published file of weights into a weights folder.")
@click.argument("source", type=options.VOLUME)
@click.argument("folder", type=options.VOLUME)
@click.option("--model", default="unet_3d", show_default=True, help="See: tomoseg-tf models.")
@click.option(
    "--arguments",
    type=JsonObject(),
    metavar="JSON",
    help="Arguments of the network that differ from the defaults, such as '{\"levels\": 3}'.",
)
@click.option(
    "--axes",
    type=click.Choice(["ZYX", "XYZ"]),
    help="Axis order of the training volumes.  [default: XYZ for a Keras 2 file of unet_3d, as "
    "published; otherwise ZYX]",
)
@click.option(
    "--normalisation",
    type=click.Choice(["zscore", "robust", "minmax", "percentile", "none"]),
    help="How the input was normalised; at prediction over the whole volume.  [default: zscore; "
    "minmax for xlearn_unet]",
)
@click.option(
    "--percentiles",
    type=options.Numbers(float, count=2),
    metavar="LOW,HIGH",
    help="Of the percentile normalisation.  [default: 1,99]",
)
@click.option(
    "--top",
    type=click.FloatRange(0, min_open=True),
    help="Grey level that minmax and percentile make of the brightest: 255 if the network was "
    "fitted on 0 to 255.  [default: 1]",
)
@click.option(
    "--classes",
    metavar="A,B,...",
    help="Names of the classes, background first.  [default: background, object, ...; dark label, "
    "bright label for the published xlearn_unet, which regresses the grey level of a label]",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Of a binary network.  [default: 0.5]",
)
@click.option(
    "--spacing",
    type=options.Numbers(float),
    metavar="Z,Y,X",
    help="Voxel size of the training volumes in µm.",
)
@click.option("--data", default="", help="What the weights were fitted on, for the card.")
@click.option(
    "--simulated/--real", default=None, help="Whether that was simulated.  [default: not recorded]"
)
@click.option("--licence", default="", help="Licence of the weights, for the card.")
@options.overwrite
@options.as_json
def import_(source, folder, normalisation, percentiles, top, classes, as_json, **settings):
    """Turn the file SOURCE of published weights into the weights folder FOLDER.

    Reads files of Keras 2 (weights alone or a whole model, .h5 or .hdf5), the .weights.h5 files of
    Keras 3, and state_dicts of the PyTorch package fepegar/unet (.npz or .safetensors). Only arrays
    are read; the network is the one that --model names.

    \b
    Examples:
      tomoseg-tf weights import final-trained-weights.h5 my_weights --model unet_3d
      tomoseg-tf weights import weights_seg.h5 xlearn --model xlearn_unet
      tomoseg-tf weights import unet.safetensors my_weights --model residual_unet_3d
    """
    from tomoseg_tf.weights import import_weights
    from tomoseg_tf.weights.importing import published_normalisation

    changes = {"method": normalisation, "top": top}
    if percentiles is not None:
        changes |= {"low": percentiles[0], "high": percentiles[1]}
    changes = {key: value for key, value in changes.items() if value is not None}
    normalisation = None
    if changes:
        normalisation = replace(published_normalisation(settings["model"]), **changes)
    if classes is not None:
        classes = [name.strip() for name in classes.split(",")]
    written = import_weights(
        source,
        folder,
        normalisation=normalisation,
        classes=classes,
        **settings,
    )
    if as_json:
        click.echo(json.dumps(as_dict(written)))
    else:
        axes = ", ".join(written.config.axes)
        names = ", ".join(written.config.class_names)
        click.echo(
            f"{folder}: {written.count_parameters():,} parameters, axis order {axes}; "
            f"classes {names}"
        )


@click.command(short_help="Take the fingerprint of the scans that weights were fitted on.")
@click.argument("folder", type=options.VOLUME)
@click.argument("scans", nargs=-1, required=True, type=options.VOLUME)
@click.option(
    "--mask",
    type=click.Choice(["auto", "none"]),
    help="Whether the fill outside the reconstruction circle is left out.  [default: as the "
    "weights were fitted]",
)
@options.spacing
@options.as_json
def fingerprint(folder, scans, mask, spacing, as_json):
    """Take the fingerprint of SCANS and store it in the weights FOLDER, on the card too.

    SCANS are those that the weights were fitted on, or others of the same kind; `segment` compares
    each scan with them. Training does this by itself: the command is for imported weights and
    older folders.

    \b
    Example:
      tomoseg-tf weights fingerprint my_weights scan1.tif scan2.tif
    """
    from tomoseg_tf.volume import open_volume
    from tomoseg_tf.weights import store_fingerprint

    volumes = [open_volume(scan, spacing=spacing) for scan in scans]
    with options.progress("Measuring") as progress:
        written = store_fingerprint(folder, volumes, mask=mask, progress=progress)
    found = written.config.fingerprint
    if as_json:
        values = {"folder": str(folder), "spacing": written.config.spacing}
        click.echo(json.dumps({**values, "fingerprint": found.model_dump(mode="json")}))
    else:
        several = f"{len(volumes)} scans, spread {found.spread:g}"
        click.echo(f"{folder}: fingerprint of {several if len(volumes) > 1 else volumes[0].name}")
