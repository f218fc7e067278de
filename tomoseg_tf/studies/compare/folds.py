"""Cross-validation: whether records are folds of one another, and means over them."""

from itertools import combinations
from statistics import mean, stdev
from typing import NamedTuple


class Mean(NamedTuple):
    """Mean of the scores that are defined, their standard deviation (n - 1), and their number."""

    mean: float | None
    sd: float | None
    folds: int


def count_folds(all_records):
    """Count the folds of the cross-validation that folders of records are of.

    They are if they split the same samples alike, into tests that share no slice.

    Parameters
    ----------
    all_records : sequence of Records
        Two or more.

    Returns
    -------
    int
        Of all folds, those that are not here included; 0 if it is no cross-validation.
    """
    common = [_common(records) for records in all_records]
    tests = [list(_tests(records)) for records in all_records]
    if any(other != common[0] for other in common[1:]) or not all(tests):
        return 0
    for first, second in combinations(tests, 2):
        if any(_meet(one, other) for one in first for other in second):
            return 0
    fold = all_records[0].manifest.split.fold
    return len(all_records) if fold is None else fold[1]


def _common(records):
    """List what all folds have in common."""
    manifest, split = records.manifest, records.manifest.split
    masks = sorted((*_key(source), source.mask_sha256 or "") for source in records.sources)
    folds = None if split.fold is None else split.fold[1]
    return split.method, folds, manifest.classes, manifest.patch, manifest.filters, masks


def _key(source):
    """Tell samples apart by what they hold, whatever their files are called."""
    return source.volume_sha256, source.truth_sha256


def _tests(records):
    """Slices of the tests: sample, start and stop."""
    for source in records.sources:
        for block in source.blocks:
            if block.split == "test":
                yield _key(source), block.start, block.stop


def _meet(one, other):
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def mean_of(scores):
    """Take the mean of a score over folds.

    Parameters
    ----------
    scores : iterable of float or None
        Of each fold; those that are not defined are left out.

    Returns
    -------
    Mean
        The deviation is None of fewer than two.

    Examples
    --------
    >>> mean_of([0.5, None, 0.75]).mean
    0.625
    """
    defined = [score for score in scores if score is not None]
    if not defined:
        return Mean(None, None, 0)
    return Mean(mean(defined), stdev(defined) if len(defined) > 1 else None, len(defined))
