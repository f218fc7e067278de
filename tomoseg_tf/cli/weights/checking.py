"""``weights verify`` and ``weights seal``."""

import json

import click

from tomoseg_tf.cli import options
from tomoseg_tf.cli.weights_source import WEIGHTS


@click.command(short_help="Check that weights are whole and load.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...|all")
@click.option(
    "--scores",
    is_flag=True,
    help="Also measure again the scores on simulated scans and the held-out image; others are "
    "named.",
)
@options.as_json
def verify(names, scores, as_json):
    """Check weights: the hashes of their files, that they load, that each value is finite.

    NAME is a name, folder, archive or address; "all" stands for all that come with the package.

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
        result = verify_weights(WEIGHTS.convert(name, None, None))
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
            checked[-1]["scores"] = _measure(result.folder, as_json)
    if as_json:
        click.echo(json.dumps({"verified": checked}))


def _measure(folder, as_json):
    """Measure the scores of weights again; print them unless JSON is wanted."""
    from tomoseg_tf.evaluation.held_out import check_scores, list_not_repeatable

    with options.progress("Scoring") as progress:
        rows = check_scores(folder, progress=progress)
    for row in [] if as_json else rows:
        data = f"seed {row['seed']}" if "seed" in row else row["data"]
        found = [f"{name} {value}" for name, value in row.items() if isinstance(value, float)]
        click.echo(f"  {data}: {', '.join(found[:3])}, as on the card")
    others = [] if as_json else list_not_repeatable(folder)
    if others:
        click.echo(f"  not repeated, since the data are not at hand: {', '.join(others)}")
    return rows


@click.command(short_help="Write the hashes of a weights folder anew.")
@click.argument("folder", type=options.VOLUME)
@options.as_json
def seal(folder, as_json):
    """Write SHA256SUMS of the weights FOLDER anew, after you edited the card on purpose.

    All files in the folder are listed, so that a licence or an image put there travels with the
    weights.

    \b
    Example:
      tomoseg-tf weights seal my_weights
    """
    from tomoseg_tf.weights import seal_weights

    sealed = seal_weights(folder)
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "hashes": sealed.hashes}))
    else:
        click.echo(f"{folder}: {', '.join(sealed.hashes)}")
