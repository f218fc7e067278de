"""The search in two steps: on many cheap labels, then from its best weights on few good ones."""

from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from tomoseg_tf.records import open_records
from tomoseg_tf.studies.checking import check_trainings
from tomoseg_tf.studies.search.beginning import begin_search, check_search, places_in
from tomoseg_tf.studies.search.storage import check_storage
from tomoseg_tf.studies.search.study import export, search
from tomoseg_tf.studies.search.table import SearchResult
from tomoseg_tf.training.recipe_file import changed_recipe

FIRST, SECOND = "first", "second"
NETWORK = ("name", "arguments", "channels", "encoder")
OF_THE_FIRST = ("batches.crop", "batches.batch_size", "model.weights")
OF_THE_FIRST += tuple(f"model.{name}" for name in NETWORK)


@dataclass(frozen=True)
class TwoSteps:
    """Both searches.

    Attributes
    ----------
    folder : Path
        Folder of both.
    first, second : SearchResult
        The search on cheap labels, and the one on good labels.
    before : float or None
        Score of the first search's best weights on the validation split of the good labels.
    """

    folder: Path
    first: SearchResult
    second: SearchResult
    before: float | None

    @property
    def weights(self):
        """Folder of the best weights of the second search."""
        return self.folder / "best"

    def to_dict(self):
        """Return everything as plain values for JSON."""
        return {
            "first": self.first.to_dict(),
            "second": self.second.to_dict(),
            "before": self.before,
            "weights": str(self.weights),
        }


def search_in_two_steps(
    recipes, records_folders, folder, *, storage=None, overwrite=False, progress=None, **options
):
    """Search on cheap labels, choose by good labels, fine-tune in a second search.

    As in [1]_: the best trial of the first search is the one whose weights score best on the
    validation split of the good labels. The second search starts from these weights, with their
    network, patch and batch size, which it leaves alone.

    Parameters
    ----------
    recipes : (Recipe, Recipe)
        Both with a section `search`. Of the second one, `model` gives no network, and `batches`
        neither crop nor batch size: those of the first search's best trial take their place.
    records_folders : (str or Path, str or Path)
        Records of the cheap labels and of the good ones, of the same classes.
    folder : str or Path
        A new folder, or that of the same two searches. It gets a folder for each, ``first`` and
        ``second``, as `tomoseg_tf.studies.search.study.search` fills them, and ``best``.
    storage, overwrite
        As for `search`.
    progress : callable, optional
        ``progress(done, total)`` is called with the number of ended trials of both.
    **options
        Options of `search` for both.

    Returns
    -------
    TwoSteps
        Both searches.

    Raises
    ------
    ValueError
        If the recipes or records do not suit each other, or as for `search`.

    References
    ----------
    .. [1] J. James, N. Pruyne, T. Stan, M. Schwarting, J. Yeom, S. Hong, P. Voorhees, B. Blaiszik
       and I. Foster, "3D convolutional neural networks for dendrite segmentation using fine-tuning
       and hyperparameter optimization", 2022. arXiv:2205.02334
    """
    folder, (first, second) = Path(folder), recipes
    cheap, good = (open_records(each) for each in records_folders)
    by = "accuracy" if second.monitor == "accuracy" else "dice"
    _check(first, second, cheap, good, by)
    check_storage(storage)
    inputs = [*records_folders, *places_in(first), *places_in(second)]
    steps = {"records_sha256": None, "steps": 2}
    begin_search(folder, steps, overwrite=overwrite, inputs=inputs)
    totals = first.search.trials, second.search.trials
    parts = [_part(progress, sum(totals[:index]), sum(totals)) for index in range(2)]
    one = search(
        first,
        records_folders[0],
        folder / FIRST,
        judge=(records_folders[1], by),
        storage=storage,
        progress=parts[0],
        **options,
    )
    two = search(
        _from_the_best(second, changed_recipe(first, one.best.settings), one.weights, cheap),
        records_folders[1],
        folder / SECOND,
        start={"trial": one.best.number},
        storage=storage,
        progress=parts[1],
        **options,
    )
    export(two.weights, folder / "best")
    before = one.best.judged if by == second.monitor else None
    return TwoSteps(folder, one, two, before)


def _check(first, second, cheap, good, by):
    """Check that the second step can go on from the first, before any work is done."""
    for key in [] if second.search is None else second.search.space:
        if _is_of_the_first(key):
            raise ValueError(
                f"search.space.{key} of the second step: patch, batch size and network are those "
                "of the first step's best trial; leave it out"
            )
    if cheap.classes != good.classes:
        raise ValueError(
            f"{good.folder} has the classes {', '.join(good.classes)}, {cheap.folder} has "
            f"{', '.join(cheap.classes)}; write both with the same"
        )
    if tuple(cheap.manifest.filters) != tuple(good.manifest.filters):
        raise ValueError(f"{cheap.folder} and {good.folder} went through other filters")
    patch = tuple(min(pair) for pair in zip(cheap.patch, good.patch, strict=True))
    check_search(first, cheap, patch=patch)
    check_search(second.model_copy(update={"batches": first.batches}), good)
    whole = first.batches.crop is None and "batches.crop" not in first.search.space
    if whole and cheap.patch != patch:
        raise ValueError(
            f"the patches of {good.folder}, {list(good.patch)}, are smaller than those of "
            f"{cheap.folder}, {list(cheap.patch)}; set batches.crop of the first step"
        )
    outsides = {recipe.normalisation.outside for recipe in _possible(first, _may_not_suit)}
    if len(outsides) == 1:
        _check_judge(*outsides, good, by)
    recipes = [
        _from_the_best(after, best, FIRST, cheap)
        for best in _possible(first, _is_of_the_first)
        for after in _possible(second, _may_not_suit)
    ]
    check_trainings([("the second step", recipes, good.folder)])


def _is_of_the_first(key):
    """Tell whether a setting of the second step is that of the first one's best trial."""
    inside = tuple(f"{name}." for name in OF_THE_FIRST)
    return key in ("batches", "model", *OF_THE_FIRST) or key.startswith(inside)


def _may_not_suit(key):
    """Tell whether it depends on the records what a setting may be."""
    return key.partition(".")[0] in ("loss", "normalisation")


def _check_judge(outside, good, by):
    """Check that weights of the first step can be scored on the good labels."""
    for source in good.sources:
        source.seen(outside)
    seen = good.voxels("validation", outside)
    if not sum(seen[1:-1] if by == "dice" else seen[:-1]):
        what = "any class above the background" if by == "dice" else "any class"
        raise ValueError(
            f"{good.folder}: the validation patches hold no voxel of {what}, by which the best of "
            "the first step would be chosen; write the records with another split"
        )


def _possible(recipe, searched):
    """Yield a recipe with all that its search may make of some settings."""
    space = {key: values.probes for key, values in recipe.search.space.items() if searched(key)}
    for values in product(*space.values()):
        with suppress(ValueError):  # these do not go together
            yield changed_recipe(recipe, dict(zip(space, values, strict=True)))


def _from_the_best(second, best, weights, records):
    """Recipe of the second step: from the best weights of the first, with their patches."""
    crop = best.batches.crop or list(records.patch)
    batches = {"crop": crop, "batch_size": best.batches.batch_size}
    model = {name: getattr(best.model, name) for name in NETWORK}
    model |= {"weights": str(weights), "encoder": None}
    changes = {
        "batches": second.batches.model_copy(update=batches),
        "model": second.model.model_copy(update=model),
    }
    return second.model_copy(update=changes)


def _part(progress, done_before, total_of_both):
    """Progress of one search as a part of that of both."""
    if progress is None:
        return None
    return lambda done, total: progress(done_before + done, total_of_both)
