"""The beginning of a search: what it reads suits it, and the folder is new or its own."""

import time
import uuid

from tomoseg_tf.studies.search.claims import Claims
from tomoseg_tf.studies.study_folder import begin_study
from tomoseg_tf.training.filters import check_filters
from tomoseg_tf.volume import single_writer

MARKER = "search.json"
KIND = "a search"
PATIENCE = 60  # seconds that a process waits for another one to begin the same search
BUSY = "is being written by"


def check_search(recipe, records, *, patch=None):
    """Check that the search of a recipe suits the records.

    Parameters
    ----------
    recipe : Recipe
        All settings.
    records : Records
        The opened records.
    patch : (Z, Y, X), optional
        Sides that no crop may exceed; those of the patches by default.

    Raises
    ------
    ValueError
        If it has no search, or one that the records do not allow.
    """
    if recipe.search is None:
        raise ValueError(
            "the recipe has no search; add a section such as "
            "'search: {space: {optimiser.learning_rate: {log_range: [1e-5, 1e-2]}}}'"
        )
    for split in ("training", "validation"):
        if not records.count(split):
            raise ValueError(f"{records.folder} has no {split} patches; write it with such a split")
    check_filters(recipe, records)
    patch = patch or records.patch
    values = recipe.search.space.get("batches.crop")
    for crop in (recipe.batches.crop,) if values is None else values.probes:
        if crop is not None and any(side > full for side, full in zip(crop, patch, strict=True)):
            raise ValueError(
                f"batches.crop may be {list(crop)}, larger than the patches of "
                f"{records.folder}, {list(patch)}"
            )


def places_in(recipe):
    """List the weights and encoders that the trials of a recipe may start from.

    Parameters
    ----------
    recipe : Recipe
        All settings, with the section `search`.

    Returns
    -------
    list of (str or None)
        Files, folders and names.
    """
    searched = recipe.search.space
    keys = (key for key in ("model.weights", "model.encoder") if key in searched)
    values = (value for key in keys for value in searched[key].probes)
    return [recipe.model.weights, recipe.model.encoder, *values]


def begin_search(folder, settings, *, overwrite=False, inputs=()):
    """Make the folder of a search, unless it is one to go on with.

    Parameters
    ----------
    folder : Path
        The folder.
    settings : dict
        What must not change, as JSON has it.
    overwrite : bool
        Whether an existing search is removed.
    inputs : sequence of (str, Path or None)
        What the search reads; an existing one that holds any of it is not removed.

    Returns
    -------
    dict
        The settings, and the name of the search in its storage as ``study``.

    Raises
    ------
    ValueError
        If the folder is something else, a search of other settings, or one to be removed that
        holds an input or that other processes are working on.
    """
    patience = time.monotonic() + PATIENCE
    while True:
        try:
            with single_writer(folder):
                if overwrite:
                    _refuse_to_remove(folder)
                options = {"kind": KIND, "overwrite": overwrite, "inputs": inputs}
                begun = begin_study(folder, MARKER, settings, **options)
                settings = begun or settings
                (folder / "trials").mkdir(exist_ok=True)
                return {**settings, "study": f"tomoseg-tf {_identity(folder)}"}
        except ValueError as error:
            if BUSY not in str(error) or time.monotonic() > patience:
                raise
            time.sleep(0.2)


def _refuse_to_remove(folder):
    """Refuse to remove a search, or either of two steps, while its trials are being trained."""
    for claims in (*folder.glob(".claims"), *folder.glob("*/.claims")):
        if Claims(claims).are_held():
            raise ValueError(
                f"{folder} is being worked on by other processes; wait for them to end, or choose "
                "another name"
            )


def _identity(folder):
    """Name of a search that no other one has, kept in its folder."""
    path = folder / "trials" / ".name"
    if not path.exists():
        partial = path.with_name(".name.partial")
        partial.write_text(uuid.uuid4().hex, encoding="ascii")
        partial.rename(path)
    return path.read_text(encoding="ascii")
