"""``tomoseg-tf ablation``: networks of several sizes, trained and scored alike."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options, training_options


class Nets(click.ParamType):
    """Sizes of networks, such as ``4:8,3:8``."""

    name = "levels:base,..."

    def convert(self, value, param, ctx):
        """Turn the text into pairs of levels and base features."""
        if isinstance(value, tuple):
            return value
        try:
            nets = tuple(tuple(int(n) for n in part.split(":")) for part in value.split(","))
        except ValueError:
            nets = ()
        if not nets or any(len(net) != 2 or min(net) < 1 for net in nets):
            self.fail(f"{value!r} is not of the form 4:8,3:8 (levels:base)", param, ctx)
        if len(set(nets)) != len(nets):
            self.fail(f"{value!r} names a network twice", param, ctx)
        return nets


@click.command(short_help="Train nets of several sizes and compare them.")
@click.argument("records", type=click.Path(path_type=Path))
@training_options.output(
    "folder",
    "FOLDER",
    "Folder of the runs, the table and the figure. An unfinished ablation is gone on with.",
)
@training_options.recipe("gaudez2022", "Settings that all nets are trained by.")
@click.option(
    "--nets",
    type=Nets(),
    default="4:8,3:8,4:6,3:6,4:4,3:4",
    show_default=True,
    metavar="LEVELS:BASE,...",
    help="The nets, by their levels and base features.",
)
@training_options.epochs
@training_options.changes
@options.overwrite
@options.as_json
def ablation(records, folder, recipe, nets, epochs, changes, overwrite, as_json):
    """Train nets of several sizes on RECORDS and compare them, as in Table 2 of Gaudez et al.

    All nets have the same records, settings and seed. Of each net the weights of one epoch are
    scored: the best on the validation split by the recipe's monitor, the loss in gaudez2022. (The
    paper does not say which epoch its table is of, other than "after 240 epochs"; the published
    code keeps the best validation loss and the best validation accuracy.) They are scored on the
    test split; the validation split is taken if the records have none, and the table says so.
    Recall and precision are of the object class, means over the classes if there are several.
    Voxels that the truth ignores do not count, nor those outside the sample if the recipe leaves
    it out.

    FOLDER gets a run folder for each net, table.csv and figure.png. The same command, without
    --overwrite, goes on with an ablation that was interrupted and trains no finished net again.

    \b
    Examples:
      tomoseg-tf ablation records -o ablation
      tomoseg-tf ablation records -o small --recipe micropillar --nets 3:8,3:4 --epochs 6
    """
    for change in changes:
        if change.partition("=")[0].strip() in (
            "model.arguments.levels",
            "model.arguments.base_features",
        ):
            raise click.UsageError(f"--set {change}: the sizes of the nets are set with --nets")
    changes = training_options.with_budget(changes, epochs=epochs)
    from tomoseg_tf.studies.ablation import ablation as run_ablation
    from tomoseg_tf.training import read_recipe

    settings = read_recipe(recipe, changes)
    total = settings.schedule.epochs
    with training_options.training(folder, training_options.again(overwrite)) as progress:
        result = run_ablation(
            settings,
            records,
            folder,
            nets=nets,
            overwrite=overwrite,
            notify=options.notify,
            report=lambda row: options.notify(f"  {training_options.epoch_line(row, total)}"),
            progress=progress,
        )
    click.echo(json.dumps(result.to_dict()) if as_json else _text(result))


def _text(result):
    """Join the table and where the files are."""
    return f"{result.table()}\nRuns, table.csv and figure.png are in {result.folder}"
