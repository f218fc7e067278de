"""``tomoseg-tf demo``: see a segmentation in a minute."""

import shlex

import click

from tomoseg_tf.cli import options


@click.command(short_help="Segment, evaluate and report the bundled example scan.")
@click.argument("folder", type=options.VOLUME, default="tomoseg-demo")
@options.overwrite
def demo(folder, overwrite):
    """Segment the bundled scan with the bundled weights and compare it with its truth.

    Writes the segmentation, the probabilities, figures, scores and a report, which a browser
    opens, into FOLDER (tomoseg-demo if not given).
    """
    from tomoseg_tf.volume import check_destination

    check_destination(folder, overwrite, folder=True, marker="scores.json")
    options.notify("Loading the network ...")
    from tomoseg_tf.evaluation import size_table
    from tomoseg_tf.studies.demo import demo as run_demo

    with options.progress("Segmenting") as progress:
        command = shlex.join(["tomoseg-tf", "demo", str(folder)])
        result, sizes, summary = run_demo(
            folder, command=command, overwrite=overwrite, progress=progress
        )
    click.echo(result.table())
    click.echo("")
    click.echo(size_table(sizes))
    click.echo("")
    click.echo(
        f"{' x '.join(map(str, summary['shape']))} voxels segmented in "
        f"{summary['seconds']:.1f} s. Open in a browser: {folder / 'report.html'}"
    )
