"""The command ``tomoseg-tf train``."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options, training_options
from tomoseg_tf.table import aligned


def list_recipes(ctx, param, wanted):
    """Print the shipped recipes, and end."""
    if not wanted or ctx.resilient_parsing:
        return
    from tomoseg_tf.training import read_recipe
    from tomoseg_tf.training.recipe_file import shipped_recipes

    rows = [("recipe", "")]
    rows += [(name, read_recipe(path).description) for name, path in shipped_recipes().items()]
    click.echo(aligned(rows, left=(0, 1)))
    ctx.exit()


@click.command(short_help="Train a network by a recipe.")
@click.argument("recipe")
@click.option(
    "--records",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Training records (see: tomoseg-tf records).",
)
@training_options.output(
    "run",
    "RUN",
    "Folder of the run: weights, history, logs. An unfinished run is gone on with.",
)
@click.option(
    "--from",
    "start",
    type=options.WEIGHTS,
    metavar="NAME|FOLDER|URL",
    help="Weights to start from; short for --set model.weights=...",
)
@click.option(
    "--freeze-encoder",
    is_flag=True,
    help="Keep the encoder as it is in those weights; short for --set model.freeze_encoder=true.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Short for --set optimiser.learning_rate=R.",
)
@training_options.epochs
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Short for --set schedule.minutes=M: end after the epoch that passes them.",
)
@training_options.changes
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=list_recipes,
    help="List the shipped recipes, and exit.",
)
@options.overwrite
@options.as_json
def train(
    recipe,
    records,
    run,
    start,
    freeze_encoder,
    learning_rate,
    epochs,
    minutes,
    changes,
    overwrite,
    as_json,
):
    """Train the network of RECIPE, a YAML file or the name of a shipped recipe.

    The same command goes on with a run that was interrupted, also with --overwrite, which replaces
    a finished run or one of other settings. Weights to start from may be of other classes, whose
    head is then replaced, or of another number of channels.

    \b
    Example:
      tomoseg-tf train micropillar --records records -o run
      tomoseg-tf train my.yaml --records records -o run --set batches.batch_size=4
      tomoseg-tf train slices --records records -o run --minutes 30
      tomoseg-tf train my.yaml --records hand -o run2 --from run/best_dice --learning-rate 1e-5
    """
    from tomoseg_tf.training import read_recipe
    from tomoseg_tf.training import train as train_network

    if start is not None:
        quoted = json.dumps(str(start), ensure_ascii=False)  # YAML reads it back as it is
        changes = (*changes, f"model.weights={quoted}")
    if freeze_encoder:
        changes = (*changes, "model.freeze_encoder=true")
    if learning_rate is not None:
        changes = (*changes, f"optimiser.learning_rate={learning_rate}")
    changes = training_options.with_budget(changes, epochs=epochs, minutes=minutes)
    settings = read_recipe(recipe, changes)
    total = settings.schedule.epochs
    with training_options.training(run) as progress:
        summary = train_network(
            settings,
            records,
            run,
            overwrite=overwrite,
            notify=options.notify,
            report=lambda row: options.notify(training_options.epoch_line(row, total)),
            progress=progress,
        )
    from tomoseg_tf.plots import draw_learning  # not before the training, which needs no figures

    draw_learning(run, notify=options.notify)
    click.echo(json.dumps(summary) if as_json else _table(summary))


def _table(summary):
    """Sum the run up: one line for each folder of weights."""
    lines = [f"{summary['epochs']} epochs; best on the validation split:"]
    for score in ("loss", "accuracy", "dice"):
        best = summary[score]
        if best is None:
            lines.append(f"  {score:<9} undefined in every epoch")
        else:
            place = f"epoch {best['epoch']:<4} {best['weights']}"
            lines.append(f"  {score:<9} {best['value']:<9.4f} {place}")
    return "\n".join([*lines, f"The last epoch: {summary['final']}"])
