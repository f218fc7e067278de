"""``tomoseg-tf compare``: several ways to segment, on the same records under one budget."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options, training_options
from tomoseg_tf.cli.arguments import JsonObject

RECIPE = "compare"


@click.command(short_help="Train or load several networks and compare them.")
@click.argument("records", nargs=-1, required=True, type=click.Path(path_type=Path))
@training_options.output(
    "folder",
    "FOLDER",
    "Folder of the runs, tables and figures. An unfinished comparison is gone on with.",
)
@click.option(
    "--models",
    "models",
    multiple=True,
    metavar="[LABEL=]WHAT,...",
    help="What to compare; repeatable.",
)
@click.option(
    "--ensemble",
    "ensembles",
    multiple=True,
    metavar="LABEL=LABEL,...",
    help="Compare the mean of the probabilities of networks too: entries here, or of an earlier "
    "call; repeatable.",
)
@training_options.recipe(RECIPE, "Settings that the networks named by a builder are trained by.")
@click.option(
    "--arguments",
    "arguments",
    multiple=True,
    metavar="LABEL=JSON",
    help="Arguments of a network that differ from its defaults; repeatable.",
)
@training_options.epochs
@click.option(
    "--steps", type=click.IntRange(min=1), help="Short for --set schedule.steps_per_epoch=N."
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Short for --set schedule.minutes=M: end the training of each network after the epoch "
    "that passes them.",
)
@training_options.changes
@options.palette
@click.option(
    "--turns",
    type=options.TURNS,
    default="none",
    show_default=True,
    help="Flips and quarter turns of the slices or volumes that networks are averaged over, as in "
    "tomoseg-tf segment. What is finished is scored again, not trained again.",
)
@click.option(
    "--epoch",
    type=click.Choice(["best", "last"]),
    default="best",
    show_default=True,
    help="Weights of the networks trained here that are scored: those of the epoch that was best "
    "on the validation split by the monitor of its recipe, or of the last, which is better where "
    "the learning rate falls and the validation split is small. Scored again, not trained again.",
)
@click.option(
    "--vote",
    is_flag=True,
    help="Before anything is scored, give each object the class that most of its voxels have, in "
    "each patch of the records apart, in a slice if they are slices; for samples in which objects "
    "of two classes never touch. (tomoseg-tf consistency --vote does so to a segmentation, over "
    "all of its slices.)",
)
@options.overwrite
@options.as_json
def compare(
    records,
    folder,
    models,
    ensembles,
    recipe,
    arguments,
    epochs,
    steps,
    minutes,
    changes,
    palette,
    overwrite,
    as_json,
    **scoring,
):
    """Train, fit or load several ways to segment and compare them on RECORDS.

    WHAT is the name of a network (see: tomoseg-tf models), trained by --recipe; a recipe, a file or
    a shipped name, trained by it; weights, a folder or a shipped name, not trained; one of the
    methods without a network: otsu, kmeans, em_mpm, svm, random_forest; or the segmentation of
    another program, as LABEL=FILE, one for each volume of the records in their order, with
    --palette for its values. --epochs, --steps, --minutes and --set hold for all that are trained.

    All are scored on the test split; the validation split is taken if the records have none, and
    the table says so. Each entry has processes of its own.

    FOLDER gets a run folder for each network, comparison.json, table.md, table.csv, figure.png,
    panel.png and confusion_LABEL.png. The same command, without --overwrite, goes on with what was
    interrupted or failed. More entries may be added: those finished before stay in the table, until
    measured/LABEL is removed.

    Several RECORDS, such as the same slices split at random and split by blocks, are compared each
    in a folder of its own in FOLDER, and their scores are put side by side. If they are folds of
    one another (see: tomoseg-tf records --fold), the table has means and standard deviations.

    \b
    Examples:
      tomoseg-tf compare records -o compared --models unet_2d,pspnet,otsu --epochs 20
      tomoseg-tf compare records -o compared --models unet_2d,thin=unet_2d \\
          --arguments 'thin={"base_features": 8}' --models theirs=ilastik.tif --minutes 10
      tomoseg-tf compare random blocks -o leak --models unet_2d,random_forest
      tomoseg-tf compare fold1 fold2 fold3 -o folds --models unet_2d,pspnet
      tomoseg-tf compare records -o compared --ensemble both=unet_2d,pspnet
    """
    if not models and not ensembles:
        raise click.UsageError("Missing option '--models' (or '--ensemble').")
    budget = training_options.with_budget(
        changes, epochs=epochs, steps_per_epoch=steps, minutes=minutes
    )
    given = dict(_labelled(text) for text in arguments)
    from tomoseg_tf.studies.compare.datasets import compare_datasets
    from tomoseg_tf.studies.compare.entries import parse_entries
    from tomoseg_tf.studies.compare.study import compare as run_comparison

    entries = parse_entries(models, given, ensembles)
    run, where = (run_comparison, records[0]) if len(records) == 1 else (compare_datasets, records)
    again = training_options.again(overwrite)
    with training_options.training(folder, again) as progress:
        result = run(
            entries,
            where,
            folder,
            recipe=recipe,
            changes=budget,
            palette=palette,
            **scoring,
            overwrite=overwrite,
            notify=options.notify,
            report=lambda row: options.notify(f"  {training_options.epoch_line(row, None)}"),
            progress=progress,
        )
    if as_json:
        click.echo(json.dumps(result.to_dict(), allow_nan=False))
    elif result.results:
        click.echo(f"{result.table()}\nTables, figures and runs are in {folder}")
    if result.failures:
        raise ValueError(_failed(result.failures, again))


def _labelled(text):
    """Take ``LABEL=JSON`` apart."""
    label, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--arguments {text}: must be LABEL=JSON, as in thin={{...}}")
    return label.strip(), JsonObject().convert(value, None, None)


def _failed(failures, again):
    """Say in one line what failed and why, and which command tries again."""
    reasons = "; ".join(f"{label}: {reason}" for label, reason in failures.items())
    number = len(failures)
    which = "1 entry has" if number == 1 else f"{number} entries have"
    return f"{which} failed and will be tried again by {again}: {reasons}"
