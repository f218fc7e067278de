"""The command ``tomoseg-tf train``."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options


@click.command(short_help="Train a network by a recipe.")
@click.argument("recipe")
@click.option(
    "--records",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Training records (see: tomoseg-tf records).",
)
@click.option(
    "-o",
    "--output",
    "run",
    required=True,
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Folder of the run: best weights, history, logs. An unfinished run is gone on with.",
)
@click.option(
    "--from",
    "start",
    metavar="NAME|FOLDER",
    help="Weights to start from; short for --set model.weights=...",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Short for --set schedule.epochs=N.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Replace a setting of the recipe, as in optimiser.learning_rate=0.001; repeatable.",
)
@options.overwrite
@options.as_json
def train(recipe, records, run, start, epochs, changes, overwrite, as_json):
    """Train the network of RECIPE, a YAML file or the name of a shipped recipe.

    The same command goes on with a run that was interrupted.

    \b
    Example:
      tomoseg-tf train micropillar --records records -o run
      tomoseg-tf train my.yaml --records records -o run --set batches.batch_size=4
    """
    from tomoseg_tf.training import read_recipe
    from tomoseg_tf.training import train as train_network

    if start is not None:
        changes = (*changes, f"model.weights={start}")
    if epochs is not None:
        changes = (*changes, f"schedule.epochs={epochs}")
    settings = read_recipe(recipe, changes)
    total = settings.schedule.epochs
    try:
        with options.progress("Training") as progress:
            summary = train_network(
                settings,
                records,
                run,
                overwrite=overwrite,
                notify=options.notify,
                report=lambda row: options.notify(_line(row, total)),
                progress=progress,
            )
    except KeyboardInterrupt:
        raise ValueError(
            f"interrupted; the same command goes on with {run} after its last whole epoch"
        ) from None
    click.echo(json.dumps(summary) if as_json else _table(summary))


def _line(row, total):
    """Sum an epoch up in one line."""
    return (
        f"epoch {row['epoch']}/{total}  loss {row['loss']:.4f}  val loss {row['val_loss']:.4f}  "
        f"val accuracy {row['val_accuracy']:.4f}  val dice {row['val_dice']:.4f}  "
        f"lr {row['learning_rate']:.2e}  {row['seconds']:.1f} s"
    )


def _table(summary):
    """Sum the run up: one line for each kind of best weights."""
    lines = [f"{summary['epochs']} epochs; best on the validation split:"]
    for score in ("loss", "accuracy", "dice"):
        best = summary[score]
        if best is None:
            lines.append(f"  {score:<9} undefined in every epoch")
        else:
            place = f"epoch {best['epoch']:<4} {best['weights']}"
            lines.append(f"  {score:<9} {best['value']:<9.4f} {place}")
    return "\n".join(lines)
