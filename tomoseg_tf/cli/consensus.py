"""``tomoseg-tf consensus``: one truth from those of several operators."""

import json

import click

from tomoseg_tf.cli import object_options, options


@click.command(short_help="Make one truth from those of several operators.")
@click.argument("truths", nargs=-1, required=True, metavar="TRUTH TRUTH...", type=options.VOLUME)
@click.argument("output", metavar="OUT", type=options.VOLUME)
@click.option(
    "--objects",
    type=click.Choice(["union", "majority"]),
    help="Take objects whole that more than half of the operators have: all their voxels, or those "
    "that more than half of the operators give to them.  [default: vote on voxels]",
)
@object_options.overlap
@object_options.connectivity
@options.palette
@options.spacing
@options.overwrite
@options.as_json
def consensus(truths, output, as_json, palette, **settings):
    """Make the truth OUT from two or more TRUTHs of one scan, and print how far they agree.

    A voxel gets the class that more than half of the operators give it, and 255 (ignored)
    otherwise; what an operator ignores is no vote. With --objects, those of one class that overlap
    enough are the same object: it is taken whole where more than half of the operators have it, and
    is ignored where fewer do. Cohen's kappa and Dice are of the voxels that neither of two ignores;
    how far their objects agree tells tomoseg-tf evaluate --second-truth --objects.

    \b
    Example:
      tomoseg-tf consensus anna.tif ben.tif truth.tif --objects union
    """
    from tomoseg_tf.evaluation import agreement, agreement_table, write_consensus
    from tomoseg_tf.volume import check_apart, check_output, check_senses, open_truth

    if len(truths) < 2:
        raise click.UsageError("give two truths or more, then the output")
    check_apart([output], truths)
    check_output(output, settings["overwrite"])
    opened = [open_truth(path, palette) for path in truths]
    check_senses(opened)
    with options.progress("Comparing") as progress:
        rows = agreement(opened, progress=progress)
    with options.progress("Writing the consensus") as progress:
        summary = write_consensus(opened, output, progress=progress, **settings)
    for notice in summary.pop("notices"):
        options.notify(notice)
    if as_json:
        click.echo(json.dumps({"path": str(output), **summary, "agreement": rows}))
        return
    click.echo(agreement_table(rows, [str(path) for path in truths]))
    click.echo(f"\n{output}: {_text(summary)}")


def _text(summary):
    """Tell what the consensus holds."""
    voxels = [f"class {index}: {number:,}" for index, number in summary["voxels"].items()]
    parts = [", ".join([*voxels, f"ignored: {summary['ignored']:,} voxels"])]
    if "agreed" in summary:
        parts.append(f"{summary['agreed']:,} objects agreed on, {summary['disputed']:,} disputed")
    return "; ".join(parts)
