"""``tomoseg-tf tune``: search good settings of a recipe."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options, training_options

FOLDER = click.Path(path_type=Path)


@click.command(short_help="Search good settings of a recipe.")
@click.argument("recipe")
@click.option(
    "--records",
    required=True,
    type=FOLDER,
    metavar="FOLDER",
    help="Training records (see: tomoseg-tf records).",
)
@training_options.output(
    "study",
    "STUDY",
    "Folder of the trials, tables, figures and best weights. An unfinished search is gone on with.",
)
@click.option(
    "--then",
    "second",
    metavar="RECIPE",
    help="Fine-tune the best in a second search, by this recipe.",
)
@click.option(
    "--then-records",
    "second_records",
    type=FOLDER,
    metavar="FOLDER",
    help="Records of the second search; its validation split chooses the best of the first.",
)
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    help="Short for --set search.trials=N, of both searches.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Trials trained at once  [default: one for each GPU, else 1]",
)
@click.option(
    "--storage",
    metavar="FILE|URL",
    help="Where Optuna keeps the trials: a journal file, an SQLite file (.db, .sqlite) or the URL "
    "of a database  [default: journal.log in STUDY]",
)
@training_options.changes
@click.option(
    "--then-set",
    "second_changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Replace a setting of the recipe of the second search; repeatable.",
)
@options.overwrite
@options.as_json
def tune(
    recipe,
    records,
    study,
    second,
    second_records,
    trials,
    jobs,
    storage,
    changes,
    second_changes,
    **printed,
):
    """Search the space that RECIPE states in its section `search`, a YAML file or a shipped recipe.

    Trials are training runs. By asynchronous successive halving (ASHA) only the better ones go on
    after 1, 3, 9, ... epochs; the others are pruned, as are those that do not fit into the memory.
    The first trial has the recipe's own settings where they lie in the space.
    The best weights are those of the complete trial with the best validation score by the monitor
    of the recipe.

    With --then, the best weights are instead those that score best on the validation split of
    --then-records; from there a second search fine-tunes on these records, with the network, patch
    and batch size of the first one's best trial. --set holds for the first recipe, --then-set for
    the second.

    The same command, without --overwrite, goes on with a search that was interrupted or killed.
    Started on other hosts with the same STUDY, in a folder that all of them see, it shares the
    trials with them. STUDY gets search.json, trials, table.md, table.csv, values.png,
    parameters.png and best; with --then, these in its folders first and second, and best.

    \b
    Section of a recipe:
      search:
        trials: 30
        min_epochs: 1
        reduction_factor: 3
        space:
          optimiser.learning_rate: {log_range: [1.0e-5, 1.0e-2]}
          schedule.epochs: {range: [4, 12]}
          batches.crop: [[4, 64, 64], [4, 128, 128]]
          augmentation: [null, {flips: true, rotation: 45}]

    \b
    Examples:
      tomoseg-tf tune mine.yaml --records records -o study
      tomoseg-tf tune mine.yaml --records records -o study --jobs 2 --trials 60
      tomoseg-tf tune cheap.yaml --records cheap -o study --then hand.yaml --then-records hand
    """
    if (second is None) != (second_records is None):
        raise click.UsageError("--then and --then-records belong together")
    if second_changes and second is None:
        raise click.UsageError("--then-set changes the recipe of --then, which is not given")
    from tomoseg_tf.studies.search.study import search
    from tomoseg_tf.studies.search.two_steps import search_in_two_steps
    from tomoseg_tf.training import read_recipe

    both = () if trials is None else (f"search.trials={trials}",)
    settings = read_recipe(recipe, (*changes, *both))
    shared = {"storage": storage, "jobs": jobs, "overwrite": printed["overwrite"]}
    with training_options.training(study, training_options.again(printed["overwrite"])) as progress:
        told = {"notify": options.notify, "progress": progress}
        if second is None:
            result = search(settings, records, study, **shared, **told)
        else:
            recipes = settings, read_recipe(second, (*second_changes, *both))
            folders = records, second_records
            result = search_in_two_steps(recipes, folders, study, **shared, **told)
    if printed["as_json"]:
        click.echo(json.dumps(result.to_dict(), allow_nan=False))
    elif second is None:
        click.echo(_summary(result))
    else:
        click.echo(f"{_summary(result.first)}\n\n{_summary(result.second)}")
        click.echo(_gain(result))


def _summary(result):
    """Sum a search up: its best trials, and where the weights are."""
    pruned = sum(row.state == "pruned" for row in result.rows)
    best = result.best
    by = "" if best.judged is None else f", {best.judged:.4f} on the next records"
    return (
        f"{result.table()}\n{len(result.rows)} trials, {pruned} of them pruned; best: trial "
        f"{best.number}, val {result.monitor} {best.score:.4f}{by}\n"
        f"Weights: {result.weights}"
    )


def _gain(result):
    """Say what the second search has brought."""
    score, after = result.second.monitor, result.second.best.score
    before = "" if result.before is None else f" (before fine-tuning {result.before:.4f})"
    return f"\nBest of both: val {score} {after:.4f}{before}\nWeights: {result.weights}"
