"""``tomoseg-tf simulate``: scans with exactly known truth."""

import json

import click

from tomoseg_tf.cli import options
from tomoseg_tf.cli.simulate_inclusions import insert, pores, precipitates


@click.group(short_help="Simulate a scan with its exact truth.")
def simulate():
    """Simulate a scan and its exact truth, to try things out and to train on."""


def _shape(published):
    """Option for the sides of a simulated scan, with those of the published ones."""
    return click.option(
        "--shape",
        type=options.Numbers(int, 3, minimum=1),
        default="128,256,256",
        show_default=True,
        metavar="Z,Y,X",
        help=f"Sides in voxels; {published}.",
    )


def _write(scan, volume, truth, overwrite):
    """Write a scan and its truth; return its summary."""
    from tomoseg_tf.phantom import simulate_scan

    with options.progress("Simulating") as progress:
        return simulate_scan(scan, volume, truth, overwrite=overwrite, progress=progress)


def _tell(summary, as_json, names, found):
    """Print a summary as JSON, or what was found in the files of some names."""
    voxels = " x ".join(map(str, summary["shape"]))
    click.echo(json.dumps(summary) if as_json else f"{names}: {voxels} voxels, {found}")


@simulate.command(short_help="A 316L micropillar with precipitates and pores.")
@click.argument("volume", type=options.VOLUME)
@click.argument("truth", type=options.VOLUME)
@_shape("the published scans are 1024 across")
@click.option("--fraction", type=click.FloatRange(0, 0.01), help="Share of object voxels.")
@options.seed
@options.overwrite
@options.as_json
def micropillar(volume, truth, shape, fraction, seed, overwrite, as_json):
    """Write a simulated nanotomogram VOLUME of a steel micropillar and its TRUTH.

    Grey levels, contrast, sizes, noise and rings follow Gaudez et al. (2022).

    \b
    Example:
      tomoseg-tf simulate micropillar pillar.tif truth.tif --shape 128,256,256 --seed 1
    """
    from tomoseg_tf.phantom import Micropillar

    summary = _write(Micropillar(shape, seed, fraction), volume, truth, overwrite)
    found = f"{summary['objects']} objects, {100 * summary['fraction']:.3f} % of the voxels"
    _tell(summary, as_json, f"{volume} and {truth}", found)


@simulate.command(short_help="An AA7075 micropillar with inclusions and precipitates.")
@click.argument("volume", type=options.VOLUME)
@click.argument("truth", type=options.VOLUME)
@_shape("the published scan has 730,768,768")
@options.seed
@options.overwrite
@options.as_json
def aa7075(volume, truth, shape, seed, overwrite, as_json):
    """Write a simulated nanotomogram VOLUME of an aluminium micropillar and its TRUTH.

    Classes: 0 matrix and air, 1 Al-Cu-Fe inclusions, 2 Cu-Mg-Zn precipitates. Particles, fringes
    and artefacts follow Torbati-Sarraf et al. (2021); grey levels are 32-bit floats.

    \b
    Example:
      tomoseg-tf simulate aa7075 alloy.tif truth.tif --shape 128,256,256 --seed 1
    """
    from tomoseg_tf.phantom import AA7075

    summary = _write(AA7075(shape, seed), volume, truth, overwrite)
    _, inclusions, precipitates = (f"{100 * share:.2f} %" for share in summary["fractions"])
    found = (
        f"{summary['particles']} particles, {inclusions} inclusions, {precipitates} precipitates"
    )
    _tell(summary, as_json, f"{volume} and {truth}", found)


@simulate.command(short_help="Dendrites that grow in an Al-Zn melt, one scan or a series.")
@click.argument("volume", type=options.VOLUME)
@click.argument("truth", type=options.VOLUME)
@_shape("the published scans have 250,852,852; one slice is growth in a plane")
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Number of scans while the dendrites grow, numbered before the suffix if several.",
)
@click.option(
    "--fraction",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.04,
    show_default=True,
    help="Share of the voxels that is dendrite at the end.",
)
@click.option(
    "--crystals",
    type=click.IntRange(1, 255),
    help="Number of dendrites.  [default: one on every 100 cells a side]",
)
@click.option(
    "--grid",
    type=click.FloatRange(min=1),
    default=2.0,
    show_default=True,
    help="Voxels per cell of the phase-field model; 4 for the published size.",
)
@click.option(
    "--rough",
    type=options.VOLUME,
    metavar="FILE",
    help="Also write cheap labels, made from the scan by a filter and a threshold.",
)
@options.seed
@options.overwrite
@options.as_json
def dendrites(volume, truth, rough, steps, overwrite, as_json, **fields):
    """Write simulated tomograms VOLUME of growing dendrites and their TRUTH.

    Solidification by the phase-field model of Kobayashi (1993); dark solid, bright liquid, rings,
    streaks and noise follow James et al. (2022), who train on many cheap labels (--rough) before
    few good ones.

    \b
    Examples:
      tomoseg-tf simulate dendrites scan.tif truth.tif --shape 128,256,256 --seed 1
      tomoseg-tf simulate dendrites scan.tif truth.tif --steps 7 --rough cheap.tif
    """
    from tomoseg_tf.phantom import Dendrites, simulate_dendrites

    names = {"volume": volume, "truth": truth, "rough": rough}
    with options.progress("Simulating") as progress:
        summary = simulate_dendrites(
            Dendrites(**fields), steps=steps, **names, overwrite=overwrite, progress=progress
        )
    scans = summary["scans"]
    files = [str(path) for kind, path in scans[0].items() if kind != "fraction"]
    names = " and ".join(files) + (f" and {steps - 1} more of each" if steps > 1 else "")
    shares = ", ".join(f"{100 * scan['fraction']:.2f}" for scan in scans)
    _tell(summary, as_json, names, f"{shares} % of the voxels are dendrite")


@simulate.command(short_help="A series of scans in which particles grow, merge and vanish.")
@click.argument("folder", type=options.VOLUME)
@click.option(
    "--shape",
    type=options.Numbers(int, 3, minimum=1),
    default="96,128,256",
    show_default=True,
    metavar="Z,Y,X",
    help="Sides in voxels.",
)
@click.option(
    "--steps", type=click.IntRange(2, 10), default=5, show_default=True, help="Number of scans."
)
@click.option(
    "--shift",
    type=options.Numbers(float),
    default="0,0,0",
    show_default=True,
    metavar="Z,Y,X",
    help="Motion of the sample from scan to scan, in voxels.",
)
@click.option(
    "--rotation",
    type=click.FloatRange(-10, 10),
    default=0.0,
    show_default=True,
    help="Rotation about z from scan to scan, in degrees.",
)
@options.seed
@options.overwrite
@options.as_json
def growth(folder, overwrite, as_json, **fields):
    """Write FOLDER with scans of growing particles, their classes and what happens in them.

    Balls grow at known rates; some appear, vanish, merge or split at known steps. truth.json has
    the events of each step and every particle, to try tomoseg-tf track on.

    \b
    Example:
      tomoseg-tf simulate growth series --steps 5 --shift 1,2,-1.5 --rotation 1
    """
    from tomoseg_tf.phantom import ParticleSeries, simulate_growth

    series = ParticleSeries(**fields)
    with options.progress("Simulating") as progress:
        summary = simulate_growth(series, folder, overwrite=overwrite, progress=progress)
    last = summary["steps"][-1]
    found = f"{summary['steps'][0]['objects']} objects at first, {last['objects']} at last"
    _tell(summary, as_json, f"{folder}: {series.steps} scans", found)


for command in (precipitates, pores, insert):
    simulate.add_command(command)
