"""``tomoseg-tf filter``: filter a volume into another."""

import json

import click

from tomoseg_tf.cli import options


@click.command(short_help="Filter a volume into another.")
@click.argument("volume", type=options.VOLUME)
@click.argument("output", type=options.VOLUME)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="NAME:VALUE,...",
    help="Filter to apply, such as median:3; one is needed, several go one after another.",
)
@options.spacing
@options.shape
@options.dtype
@options.overwrite
@options.as_json
def filter(volume, output, filters, spacing, shape, dtype, overwrite, as_json):
    """Filter VOLUME and write OUTPUT, of the same type, rounded where that is whole numbers.

    A constant fill outside the reconstruction circle stays, and does not leak into the sample.

    \b
    Filters and their parameters; lengths are in voxels:
      median:size=3               middle value of a window
      gaussian:sigma=1            weighted mean of the surroundings
      unsharp:radius=1,amount=1   sharpen: add what a Gaussian takes away
      nonlocal:h=10,patch=5,distance=6
                                  mean of voxels whose surroundings look alike; h is
                                  the difference in grey that it evens out
      local:size=33               difference to the mean of a window, in standard
                                  deviations of it: one contrast everywhere
      invert                      dark becomes bright
    Shown are the defaults; values without a name come in this order: median:5 is
    median:size=5. Each works in 3D with axes=zyx, or slice by slice with axes=yx
    (nonlocal by default).

    \b
    Example:
      tomoseg-tf filter scan.tif smooth.tif --filter median:3 --filter gaussian:1,axes=yx
    """
    from tomoseg_tf.volume import filter_file, lost_spacing, open_volume

    scan = open_volume(volume, spacing=spacing, shape=shape, dtype=dtype)
    with options.progress("Filtering") as progress:
        result = filter_file(scan, output, filters, overwrite=overwrite, progress=progress)
    for notice in [*result.scan.named_notices(), *lost_spacing(output, result.spacing)]:
        options.notify(notice)
    steps = [str(step) for step in result.filters]
    if as_json:
        summary = {"shape": list(result.shape), "dtype": str(result.dtype), "filters": steps}
        click.echo(json.dumps({"path": str(output), **summary}))
        return
    sides = " x ".join(map(str, result.shape))
    click.echo(f"{output}: {sides} voxels, {result.dtype}; {', '.join(steps)}")
