"""Which sample goes into which split, when samples stay whole."""

import itertools

import numpy as np

EXHAUSTIVE = 8  # up to this many samples every assignment is tried


def assign_samples(depths, shares, tests, seed):
    """Name the split of each sample so that the shares of the slices are best met.

    Up to 8 samples every assignment is compared. More are put into a random order,
    and every way to cut that into one run for each split is.

    Parameters
    ----------
    depths : sequence of int
        Slices of each sample.
    shares : dict from str to float
        Share of the slices that each split should get, each positive.
    tests : dict from int to str
        Samples whose split is fixed: their indices, to "test". If there are any,
        no other sample goes into the test.
    seed : int
        Decides between assignments that are equally good.

    Returns
    -------
    list of str
        Split of each sample. Each split gets one; there must be samples enough.

    Examples
    --------
    >>> assign_samples([128, 768, 384], {"training": 0.6, "validation": 0.3, "test": 0.1}, {}, 0)
    ['test', 'training', 'validation']
    """
    choices = [split for split in shares if not (tests and split == "test")]
    free = [index for index in range(len(depths)) if index not in tests]
    free = np.random.default_rng(seed).permutation(free).tolist()
    exhaustive = len(free) <= EXHAUSTIVE
    ways = itertools.product(choices, repeat=len(free)) if exhaustive else _cuts(free, choices)
    best, smallest = None, np.inf
    for way in ways:
        if set(way) != set(choices):
            continue
        names = tests | dict(zip(free, way, strict=True))
        misfit = _misfit(depths, names, shares)
        if misfit < smallest - 1e-12:
            best, smallest = names, misfit
    return [best[index] for index in range(len(depths))]


def _misfit(depths, names, shares):
    """Sum of the differences between the shares reached and those wanted."""
    sums = dict.fromkeys(shares, 0)
    for index, name in names.items():
        sums[name] += depths[index]
    return sum(abs(sums[split] / sum(depths) - share) for split, share in shares.items())


def _cuts(free, choices):
    """Yield every way to cut a sequence of samples into one run for each choice."""
    for cuts in itertools.combinations(range(1, len(free)), len(choices) - 1):
        sizes = np.diff([0, *cuts, len(free)]).tolist()
        yield tuple(name for name, n in zip(choices, sizes, strict=True) for _ in range(n))
