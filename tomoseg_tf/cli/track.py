"""``tomoseg-tf track``: the objects of a series of scans, followed through its steps."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import object_options, options


class Times(click.ParamType):
    """Numbers separated by commas, as many as there are steps."""

    name = "T,T,..."

    def convert(self, value, param, ctx):
        """Turn the text into a tuple of floats."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not numbers separated by commas", param, ctx)


@click.command(short_help="Follow objects through the steps of a series.")
@click.argument("segmentations", type=options.VOLUME, nargs=-1, required=True)
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--times", type=Times(), help="When each step was scanned.  [default: 0,1,2,...]")
@click.option(
    "--volume",
    "volumes",
    type=options.VOLUME,
    multiple=True,
    metavar="RAW",
    help="The scan of a step, to find the motion in grey levels; repeat it for every step, in "
    "order.  [default: the motion of the objects]",
)
@click.option(
    "--register",
    "register_by",
    type=click.Choice(["none", "shift", "rigid"]),
    default="none",
    show_default=True,
    help="Undo the motion of the sample since the step before: a shift, or also a rotation "
    "(rigid, which needs the package SimpleITK).",
)
@click.option(
    "--min-overlap",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.25,
    show_default=True,
    metavar="SHARE",
    help="Objects of two steps are linked that have this share of the smaller one in common.",
)
@click.option(
    "--max-distance",
    type=click.FloatRange(min=0),
    default=5.0,
    show_default=True,
    metavar="VOXELS",
    help="Others are linked if they are nearest to each other, no farther apart.",
)
@object_options.connectivity
@click.option(
    "--min-voxels",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Leave out smaller objects.",
)
@click.option(
    "--figure",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw growth curves and the events of each step (.png, .pdf, .svg); its data go beside "
    "it as CSV, unless TABLE has that name.",
)
@options.palette
@options.spacing
@options.overwrite
@options.as_json
def track(segmentations, table, figure, overwrite, as_json, **settings):
    """Follow the objects of SEGMENTATIONS, in order of time, and write TABLE (.csv, .parquet).

    A row is an object in a step: its track, how it came to be (first, kept, appeared, merged,
    split), what becomes of it (kept, vanished, merged, split, last), its parents, size and place,
    and the growth rate of its track with the standard error. A track goes on while one object
    becomes one; of objects that touch a face no rate is fitted.

    \b
    Example:
      tomoseg-tf track step_0.tif step_1.tif step_2.tif tracks.csv --times 0,10,20 \\
        --register shift --figure tracks.png
    """
    from tomoseg_tf.tracking import series_table, summarise_series, write_tracks
    from tomoseg_tf.volume import check_apart

    check_apart([table, figure], [*segmentations, *settings["volumes"]])
    if figure is not None:
        from tomoseg_tf.plots import check_figure, plot_tracks, save_figure, track_data

        beside = figure.with_suffix(".csv").resolve() != table.resolve()
        check_figure(figure, overwrite, data=beside)
    settings["volumes"] = settings["volumes"] or None
    with options.progress("Tracking objects") as progress:
        series = write_tracks(
            segmentations, table, overwrite=overwrite, progress=progress, **settings
        )
    for notice in series.notices:
        options.notify(notice)
    summary = summarise_series(series)
    if figure is not None:
        shown = series.columns, summary["steps"]
        unit = "voxels" if series.spacing is None else "um"
        data = track_data(*shown, unit=unit) if beside else None
        save_figure(plot_tracks(*shown, unit=unit)[0], figure, overwrite, data=data)
    click.echo(json.dumps(summary, allow_nan=False) if as_json else series_table(summary))
