"""The ablation of a study: one recipe, the same records, networks of several sizes."""

import statistics
from pathlib import Path

from tomoseg_tf.records import open_records
from tomoseg_tf.studies.ablation_table import Ablation, net_scores, plot_ablation, write_csv
from tomoseg_tf.studies.runs import open_trained, part_of, train_rest
from tomoseg_tf.studies.split_scores import score_weights
from tomoseg_tf.studies.study_folder import begin_study, split_to_score
from tomoseg_tf.training.fit import check_training
from tomoseg_tf.training.run import RunFolder, run_manifest
from tomoseg_tf.volume import single_writer

NETS = ((4, 8), (3, 8), (4, 6), (3, 6), (4, 4), (3, 4))
MARKER = "ablation.json"
VARIED = ("levels", "base_features")


def ablation(
    recipe,
    records_folder,
    folder,
    *,
    nets=NETS,
    overwrite=False,
    notify=None,
    report=None,
    progress=None,
):
    """Train networks of several sizes by one recipe, score each and compare them.

    Everything but the size is the same for all: records, settings and seed. Each network has its
    run in a folder of its own, such as ``levels4_base8``. Of each, the weights of the epoch that
    was best by the recipe's `monitor` on the validation split are scored on the test split; on the
    validation split if the records have no test split. An interrupted ablation is gone on with; a
    network that is finished is scored again but not trained again.

    Parameters
    ----------
    recipe : Recipe
        All settings; its `levels` and `base_features` give way to those of `nets`.
    records_folder : str or Path
        Records with a training and a validation split, and preferably a test split.
    folder : str or Path
        A new folder, or that of an ablation of the same settings and records: beside the runs it
        gets ``ablation.json``, ``table.csv`` and ``figure.png``.
    nets : sequence of (int, int)
        Levels and base features of each network; by default those of Table 2 of [1]_.
    overwrite : bool
        Whether an existing ablation is removed with all its runs.
    notify : callable, optional
        ``notify(text)`` is called with notices, such as which network comes next.
    report : callable, optional
        ``report(row)`` is called with the scores of each epoch.
    progress : callable, optional
        ``progress(done, total)`` is called after each step, over all networks.

    Returns
    -------
    Ablation
        Scores of each network, and how they were taken.

    Raises
    ------
    ValueError
        If the recipe does not suit the records or a network, the folder is something else or an
        ablation of other settings, or another process is at it.

    References
    ----------
    .. [1] S. Gaudez, M. Ben Haj Slama, A. Kaestner and M. V. Upadhyay, "3D deep convolutional
       neural network segmentation model for precipitate and porosity identification in
       synchrotron X-ray tomograms", J. Synchrotron Rad. 29, 2022.
    """
    folder, notify = Path(folder), notify or (lambda text: None)
    records = open_records(records_folder)
    split = split_to_score(records)
    patches = len(records.seen_patches(split, recipe.normalisation.outside))
    if not patches:
        raise ValueError(
            f"{records.folder}: the {split} split holds no labelled voxel of the sample; write the "
            "records again with another split"
        )
    recipes = _recipes(recipe, records, nets)
    rows = []
    with single_writer(folder) as warning:
        if warning is not None:
            notify(warning)
        settings = _settings(recipe, records, records_folder)
        options = {"overwrite": overwrite, "inputs": [records_folder, recipe.model.encoder]}
        begin_study(folder, MARKER, settings, kind="an ablation", **options)
        for number, (net, its_recipe) in enumerate(recipes.items()):
            run = RunFolder(folder / "levels{}_base{}".format(*net))
            notify("{} levels, base {} ({} of {})".format(*net, number + 1, len(nets)))
            train_rest(
                run,
                its_recipe,
                records_folder,
                notify=notify,
                report=report,
                progress=part_of(progress, number, len(nets)),
            )
            rows.append(_score(run, net, its_recipe, records, split))
        result = Ablation(
            folder,
            split,
            patches,
            records.patch,
            recipe.monitor,
            records.classes,
            rows,
        )
        write_csv(result, folder / "table.csv")
        plot_ablation(result, folder / "figure.png")
    return result


def _recipes(recipe, records, nets):
    """Give each network its recipe, after checking that all can be trained."""
    if recipe.model.weights is not None:
        raise ValueError(
            f"model.weights is {recipe.model.weights!r}, but fitted weights suit one size of "
            "network only; set it to null for an ablation"
        )
    if not nets or len(set(nets)) != len(nets):
        raise ValueError(f"nets {list(nets)} must name each network once")
    recipes = {}
    for net in nets:
        arguments = {**recipe.model.arguments, **dict(zip(VARIED, net, strict=True))}
        model = recipe.model.model_copy(update={"arguments": arguments})
        recipes[net] = recipe.model_copy(update={"model": model})
        check_training(recipes[net], records)
    return recipes


def _settings(recipe, records, records_folder):
    """All that the networks of an ablation have in common, as JSON has it."""
    settings = recipe.to_dict()
    del settings["description"]
    for key in VARIED:
        settings["model"]["arguments"].pop(key, None)
    manifest = run_manifest(records, records_folder, recipe, ())
    return {key: manifest[key] for key in ("records_sha256", "backend")} | {"recipe": settings}


def _score(run, net, recipe, records, split):
    """Score the best weights of a finished run."""
    trained = open_trained(run, recipe)
    return net_scores(
        score_weights(trained.weights, records, split),
        levels=net[0],
        base_features=net[1],
        parameters=trained.parameters,
        minutes_per_epoch=statistics.median(trained.seconds) / 60,
        epochs=len(trained.seconds),
        best_epoch=trained.scored_epoch,
        weights=str(trained.weights),
    )
