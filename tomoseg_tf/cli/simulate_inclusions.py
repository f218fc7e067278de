"""``tomoseg-tf simulate precipitates``, ``pores`` and ``insert``: scans to train and test on."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options

_dark = click.option(
    "--dark",
    is_flag=True,
    help="Invert scans that would have bright objects, as segment --filter invert does: one "
    "network for dark objects serves both.",
)

_HELP = """Write FOLDER with scans of {kind} and their exact truth.

FOLDER/scans and FOLDER/truth hold files of the same names, as tomoseg-tf records --pairs takes
them; FOLDER/scans.json says what each scan has drawn. Randomised scans train networks for real
ones of which nobody knows contrast, blur and noise beforehand.

\b
Example:
  tomoseg-tf simulate {kind} made --randomise --count 20 --seed 1
  tomoseg-tf records records --pairs made/scans made/truth --patch 48,48,48
"""


def _of_kind(kind, singular):
    """Make the command that simulates scans of a kind of objects."""

    @click.command(kind, short_help=f"Scans of {kind}, with fixed or randomised physics.")
    @click.argument("folder", type=click.Path(path_type=Path))
    @click.option(
        "--shape",
        type=options.Numbers(int, 3, minimum=1),
        default="96,160,160",
        show_default=True,
        metavar="Z,Y,X",
        help="Sides of each scan in voxels.",
    )
    @click.option(
        "--count",
        type=click.IntRange(1, 1000),
        default=1,
        show_default=True,
        help="Number of scans.",
    )
    @click.option(
        "--randomise",
        is_flag=True,
        help="Draw contrast, blur, noise, rings, streaks, cupping, fringes, grains, grey scale, "
        "phases, and sizes, shapes and density of the objects, for each scan anew.",
    )
    @click.option(
        "--edge-enhanced",
        is_flag=True,
        help="Objects show by bright and dark fringes at their edges and are nearly as grey as "
        "the matrix inside, as in phase contrast without phase retrieval.",
    )
    @_dark
    @options.seed
    @options.overwrite
    @options.as_json
    def command(folder, as_json, **settings):
        from tomoseg_tf.phantom import simulate_inclusions

        with options.progress("Simulating") as progress:
            summary = simulate_inclusions(folder, kind, progress=progress, **settings)
        shape = settings["shape"]
        click.echo(json.dumps(summary) if as_json else _say(folder, summary, shape, singular))

    command.help = _HELP.format(kind=kind)
    return command


def _say(folder, summary, shape, singular):
    """Say what was simulated, and what to do with it."""
    shares = [100 * scan["fraction"] for scan in summary["scans"]]
    voxels = " x ".join(map(str, shape))
    return (
        f"{folder}: {len(shares)} scans of {voxels} voxels, {min(shares):.2f} to "
        f"{max(shares):.2f} % {singular}; next: tomoseg-tf records OUT --pairs {folder}/scans "
        f"{folder}/truth"
    )


precipitates = _of_kind("precipitates", "precipitate")
pores = _of_kind("pores", "pore")


@click.command(short_help="Insert simulated objects into your own scan.")
@click.argument("scan", type=options.VOLUME)
@click.argument("output", metavar="OUT", type=options.VOLUME)
@click.argument("truth", type=options.VOLUME)
@click.option(
    "--kind",
    type=click.Choice(["precipitates", "pores"]),
    default="precipitates",
    show_default=True,
    help="What the objects are like.",
)
@click.option("--bright", is_flag=True, help="Make them brighter than what is around, not darker.")
@click.option(
    "--contrast",
    type=click.FloatRange(min=0, min_open=True),
    metavar="GREY",
    help="By how many grey levels.  [default: half of what lies between percentiles 1 and 99]",
)
@click.option(
    "--fraction",
    type=click.FloatRange(0, 0.1, min_open=True),
    help="Share of object voxels, before those without room are left out.  [default: drawn]",
)
@click.option(
    "--radius", type=float, metavar="VOXELS", help="Mean radius in voxels.  [default: drawn]"
)
@click.option(
    "--blur",
    type=click.FloatRange(0, 8, min_open=True),
    metavar="VOXELS",
    help="Standard deviation of the point spread.  [default: measured at edges of the scan]",
)
@click.option(
    "--matrix",
    type=options.Numbers(float, 2),
    metavar="LOW,HIGH",
    help="Grey levels of the material they lie in.  [default: wherever their grey level is one of "
    "the scan; bright ones where the scan is brighter than its median]",
)
@click.option(
    "--mask",
    type=options.MASK,
    default="auto",
    show_default=True,
    metavar="FILE|auto|none",
    help="Which voxels are the sample.",
)
@options.spacing
@options.seed
@options.overwrite
@options.as_json
def insert(scan, output, truth, spacing, as_json, **settings):
    """Write SCAN with simulated objects in it as OUT, and their TRUTH.

    Objects have the point spread, the noise and the contrast of the scan itself. So you can ask how
    well weights would find such objects in your scan before anything is labelled. What is like
    them in the scan already is 255 in TRUTH, since nobody knows what it is.

    \b
    Example:
      tomoseg-tf simulate insert scan.tif with_pores.tif pores.tif --kind pores --seed 1
      tomoseg-tf segment with_pores.tif found.tif -w WEIGHTS
      tomoseg-tf evaluate pores.tif found.tif --objects matched.csv
    """
    from tomoseg_tf.phantom import insert_objects
    from tomoseg_tf.volume import open_volume

    with options.progress("Inserting") as progress:
        volume = open_volume(scan, spacing=spacing)
        summary = insert_objects(volume, output, truth, progress=progress, **settings)
    if as_json:
        click.echo(json.dumps(summary))
        return
    ratio = abs(summary["contrast"]) / summary["noise"] if summary["noise"] else float("inf")
    click.echo(
        f"{output} and {truth}: {summary['objects']:,} objects of mean radius "
        f"{summary['radius']:.1f} voxels, {100 * summary['fraction']:.2f} % of the voxels; "
        f"contrast {summary['contrast']:.4g}, {ratio:.1f} times the noise; blur "
        f"{summary['blur']:.2f} voxels; {100 * summary['ignored']:.1f} % of the scan is like them "
        "and ignored"
    )
