"""Which sample goes into which split, when samples stay whole."""

import itertools

import numpy as np

EXHAUSTIVE = 8  # up to this many samples every assignment is tried


def assign_samples(depths, shares, fixed, seed):
    """Name the split of each sample so that the shares of the slices are best met.

    Up to 8 samples every assignment is compared. More are put into a random order,
    and every way to cut that into one run for each split is.

    Parameters
    ----------
    depths : sequence of int
        Slices of each sample.
    shares : dict from str to float
        Share of the slices that each split should get, each positive.
    fixed : dict from int to str
        Samples whose split is fixed: their indices, to its name. No other sample goes into a split
        that some are fixed for.
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
    choices = [split for split in shares if split not in fixed.values()]
    free = [index for index in range(len(depths)) if index not in fixed]
    free = np.random.default_rng(seed).permutation(free).tolist()
    held = dict.fromkeys(shares, 0)
    for index, name in fixed.items():
        held[name] += depths[index]
    ways = _every_way if len(free) <= EXHAUSTIVE else _cuts
    best, smallest = None, np.inf
    for way, sums in ways([depths[index] for index in free], choices):
        misfit = _misfit(held | sums, shares)
        if misfit < smallest - 1e-12:
            best, smallest = way, misfit
    if ways is _cuts:
        best = [name for name, n in zip(choices, np.diff(best), strict=True) for _ in range(n)]
    names = fixed | dict(zip(free, best, strict=True))
    return [names[index] for index in range(len(depths))]


def _misfit(sums, shares):
    """Sum of the differences between the shares reached and those wanted."""
    total = sum(sums.values())
    return sum(abs(sums[split] / total - share) for split, share in shares.items())


def _every_way(depths, choices):
    """Yield every assignment that uses each choice, and the slices that each gets."""
    for way in itertools.product(choices, repeat=len(depths)):
        if set(way) == set(choices):
            sums = dict.fromkeys(choices, 0)
            for depth, name in zip(depths, way, strict=True):
                sums[name] += depth
            yield way, sums


def _cuts(depths, choices):
    """Yield every way to cut a sequence into one run for each choice, and the slices of each."""
    before = [0, *itertools.accumulate(depths)]
    for cuts in itertools.combinations(range(1, len(depths)), len(choices) - 1):
        cuts = (0, *cuts, len(depths))
        sums = [before[b] - before[a] for a, b in itertools.pairwise(cuts)]
        yield cuts, dict(zip(choices, sums, strict=True))
