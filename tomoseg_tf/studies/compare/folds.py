"""Cross-validation: whether records are folds of one another, and means over them."""

from itertools import combinations
from statistics import mean, stdev


def are_folds(all_records):
    """Tell whether folders of records split the same samples alike, their tests without overlap.

    Parameters
    ----------
    all_records : sequence of Records
        Two or more.

    Returns
    -------
    bool
    """
    common = [
        (records.manifest.split.method, sorted(map(_key, records.sources)))
        for records in all_records
    ]
    if any(other != common[0] for other in common[1:]):
        return False
    tests = [list(_tests(records)) for records in all_records]
    return all(tests) and not any(
        _meet(one, other)
        for first, second in combinations(tests, 2)
        for one in first
        for other in second
    )


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


def mean_and_deviation(scores):
    """Mean of the scores that are defined, and their standard deviation.

    Parameters
    ----------
    scores : iterable of float or None
        Those of the folds.

    Returns
    -------
    (float or None, float or None)
        The deviation is that of a sample (n - 1); None of fewer than two.

    Examples
    --------
    >>> mean_and_deviation([0.5, None, 0.7])[0]
    0.6
    """
    defined = [score for score in scores if score is not None]
    if not defined:
        return None, None
    return mean(defined), stdev(defined) if len(defined) > 1 else None
