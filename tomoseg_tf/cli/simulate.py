"""``tomoseg-tf simulate``: scans with exactly known truth."""

import json

import click

from tomoseg_tf.cli import options


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
    from tomoseg_tf.phantom import simulate_micropillar

    with options.progress("Simulating") as progress:
        summary = simulate_micropillar(
            volume,
            truth,
            shape=shape,
            seed=seed,
            fraction=fraction,
            overwrite=overwrite,
            progress=progress,
        )
    if as_json:
        click.echo(json.dumps(summary))
    else:
        click.echo(
            f"{volume} and {truth}: {' x '.join(map(str, shape))} voxels, "
            f"{summary['objects']} objects, {100 * summary['fraction']:.3f} % of the voxels"
        )


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
    from tomoseg_tf.phantom import simulate_aa7075

    with options.progress("Simulating") as progress:
        summary = simulate_aa7075(
            volume, truth, shape=shape, seed=seed, overwrite=overwrite, progress=progress
        )
    if as_json:
        click.echo(json.dumps(summary))
    else:
        _, inclusions, precipitates = summary["fractions"]
        click.echo(
            f"{volume} and {truth}: {' x '.join(map(str, shape))} voxels, {summary['particles']} "
            f"particles, {100 * inclusions:.2f} % inclusions, {100 * precipitates:.2f} % "
            "precipitates"
        )
