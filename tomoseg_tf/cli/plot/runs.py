"""Figures of trainings: learning curves and scores."""

from pathlib import Path

import click

from tomoseg_tf.cli import options
from tomoseg_tf.cli.plot import saving


@click.command(short_help="Draw the learning curves of runs.")
@click.argument("runs", metavar="RUN...", type=click.Path(path_type=Path), nargs=-1, required=True)
@saving.figure
@click.option(
    "--scores",
    default="loss,dice",
    show_default=True,
    metavar="A,B,...",
    help="Scores to draw, each in axes of its own, such as loss,accuracy,dice.",
)
@options.overwrite
def learning(runs, figure, scores, overwrite):
    """Draw the scores of RUN, training and validation, by epoch; the best epoch has a star.

    RUN is the folder of a training, or its history.csv.

    \b
    Examples:
      tomoseg-tf plot learning run learning.pdf
      tomoseg-tf plot learning run1 run2 learning.pdf --scores dice
    """
    saving.check_outputs(figure, overwrite, [*runs, *(run / "history.csv" for run in runs)])
    from tomoseg_tf.plots import learning_data, plot_learning_curves, read_history

    histories = dict(zip(_labels(runs), map(read_history, runs), strict=True))
    shown = histories if len(runs) > 1 else next(iter(histories.values()))
    axes = plot_learning_curves(shown, scores=saving.parse_names(scores))
    saving.save(getattr(axes, "flat", [axes])[0], figure, overwrite, learning_data(histories))


def _labels(runs):
    """Name runs by their folders, and by those above where these have one name."""
    folders = [(run.parent if run.name == "history.csv" else run).resolve() for run in runs]
    for depth in range(1, 5):
        labels = ["/".join(folder.parts[-depth:]) for folder in folders]
        if len(set(labels)) == len(labels):
            return labels
    return [f"{index + 1}: {folder.name}" for index, folder in enumerate(folders)]


@click.command(short_help="Draw the scores of a table as bars.")
@click.argument("comparison", metavar="TABLE", type=click.Path(path_type=Path))
@saving.figure
@click.option(
    "--scores",
    metavar="A,B,...",
    help="Scores to draw, by the columns of the table; iou stands for that of each class.  "
    "[default: mIoU and the IoU of each class, or Dice, recall and precision]",
)
@saving.width
@options.overwrite
def scores(comparison, figure, scores, width, overwrite):
    """Draw the scores in TABLE, a group of bars for each network.

    TABLE is the table.csv of tomoseg-tf compare or ablation, or its folder.

    \b
    Examples:
      tomoseg-tf plot scores compared/table.csv scores.pdf
      tomoseg-tf plot scores ablation scores.pdf --scores dice,recall,precision
    """
    saving.check_outputs(figure, overwrite, [comparison, comparison / "table.csv"])
    from tomoseg_tf.plots import plot_scores, read_scores, score_data

    labels, found = read_scores(comparison)
    wanted = saving.parse_names(scores)
    ax = plot_scores(labels, found, names=wanted, width=width)
    saving.save(ax, figure, overwrite, score_data(labels, found, names=wanted))
