"""``tomoseg-tf weights``: list, explain, check and import fitted weights."""

import json
from dataclasses import replace

import click

from tomoseg_tf.cli import options
from tomoseg_tf.cli.arguments import JsonObject
from tomoseg_tf.table import aligned


@click.group()
def weights():
    """List, check and import fitted weights."""


@weights.command("list", short_help="List the weights that come with the package.")
@click.argument("folder", type=options.VOLUME, required=False)
@options.as_json
def list_(folder, as_json):
    """List the weights that come with the package, or those in FOLDER, such as a run's.

    \b
    Example:
      tomoseg-tf weights list
    """
    from tomoseg_tf.weights import list_weights

    found = [_as_dict(each) for each in list_weights(folder)]
    if as_json:
        click.echo(json.dumps({"weights": found}))
    elif found:
        click.echo(_table(found))
    else:
        options.notify(f"No weights {f'in {folder}' if folder else 'come with this installation'}")


@weights.command(short_help="Show the card of weights.")
@click.argument("name")
@options.as_json
def info(name, as_json):
    """Show the card of the weights NAME (a shipped name or a folder), and where they are.

    \b
    Example:
      tomoseg-tf weights info unet_3d_micropillar
    """
    from tomoseg_tf.weights import open_weights

    found = open_weights(name)
    if as_json:
        config = json.loads(found.config.to_json())
        click.echo(json.dumps({**_as_dict(found), "config": config, "card": found.read_card()}))
        return
    click.echo(found.read_card())
    lines = [("folder", str(found.folder)), ("parameters", f"{found.count_parameters():,}")]
    lines += [(f"SHA-256 of {file}", digest) for file, digest in found.hashes.items()]
    click.echo(aligned(lines, left=(0, 1)))


@weights.command(short_help="Check that weights are whole and load.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...|all")
@click.option(
    "--scores",
    is_flag=True,
    help="Also measure again the scores on simulated scans and the held-out image.",
)
@options.as_json
def verify(names, scores, as_json):
    """Check weights: the hashes of their files, that they load, that each value is finite.

    NAME is a shipped name or a folder; "all" stands for all that come with the package.

    \b
    Examples:
      tomoseg-tf weights verify all
      tomoseg-tf weights verify unet_3d_micropillar --scores
    """
    from tomoseg_tf.weights import shipped_weights, verify_weights

    if names == ("all",):
        names = tuple(shipped_weights().values())
        if not names:
            raise ValueError("no weights come with this installation; name a weights folder")
    checked = []
    for name in names:
        result = verify_weights(name)
        checked.append(
            {
                "name": result.name,
                "folder": str(result.folder),
                "model": result.model,
                "parameters": result.parameters,
                "hashes": result.hashes,
            }
        )
        if not as_json:
            click.echo(f"{name}: files as saved, {result.parameters:,} parameters load")
        if scores:
            checked[-1]["scores"] = _measure(name, as_json)
    if as_json:
        click.echo(json.dumps({"verified": checked}))


def _measure(name, as_json):
    """Measure the scores of weights again; print them unless JSON is wanted."""
    from tomoseg_tf.evaluation.held_out import check_scores

    with options.progress("Scoring") as progress:
        rows = check_scores(name, progress=progress)
    for row in [] if as_json else rows:
        data = f"seed {row['seed']}" if "seed" in row else row["data"]
        found = [f"{name} {value}" for name, value in row.items() if isinstance(value, float)]
        click.echo(f"  {data}: {', '.join(found[:3])}, as on the card")
    return rows


@weights.command("import", short_help="Turn a published file of weights into a weights folder.")
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
    type=click.Choice(["zscore", "minmax", "percentile", "none"]),
    help="How the input was normalised; at prediction over the whole volume.  [default: zscore; "
    "minmax for xlearn_unet]",
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
def import_(source, folder, normalisation, classes, as_json, **settings):
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

    if normalisation is not None:
        normalisation = replace(published_normalisation(settings["model"]), method=normalisation)
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
        click.echo(json.dumps(_as_dict(written)))
    else:
        axes = ", ".join(written.config.axes)
        names = ", ".join(written.config.class_names)
        click.echo(
            f"{folder}: {written.count_parameters():,} parameters, axis order {axes}; "
            f"classes {names}"
        )


@weights.command(short_help="Take the fingerprint of the scans that weights were fitted on.")
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


def _as_dict(found):
    """Collect what a list tells of weights, as plain values for JSON."""
    from tomoseg_tf.weights import summary

    config = found.config
    return {
        "name": found.name,
        "folder": str(found.folder),
        "summary": summary(found.read_card()),
        "model": config.model,
        "parameters": found.count_parameters(),
        "classes": list(config.class_names),
        "axes": config.axes,
        "spacing": list(config.spacing) if config.spacing else None,
        "threshold": config.threshold,
        "bytes": found.count_bytes(),
        "hashes": found.hashes,
    }


def _table(found):
    """Table of weights, a line each."""
    rows = [("name", "network", "parameters", "classes", "voxel size (µm)", "size", "")]
    rows += [
        (
            each["name"],
            each["model"],
            f"{each['parameters']:,}",
            ", ".join(each["classes"]),
            " × ".join(f"{side:g}" for side in each["spacing"]) if each["spacing"] else "-",
            f"{each['bytes'] / 1e6:.1f} MB",
            each["summary"],
        )
        for each in found
    ]
    return aligned(rows, left=(0, 1, 3, 4, 6))
