"""Objects of two volumes matched one to one by what they share."""

import numpy as np

OVERLAPS = ("iou", "truth")


def match_objects(overlaps, voxels, *, overlap=0.5, overlap_of="iou"):
    r"""Match objects one to one, so that the sum of their overlaps is the largest.

    Two objects can be matched that overlap at least so much: their intersection over their union,

    .. math:: |T \cap S| / |T \cup S|,

    or over the object of the truth alone. Above an intersection over union of 0.5 an object has
    no second partner, and the matching is the only one.

    Parameters
    ----------
    overlaps : (K, 3) array_like of int
        Row of an object of the truth, row of one of the segmentation, and the voxels that they
        share, each pair once.
    voxels : pair of (N,) and (M,) array_like of int
        Voxels of the objects of truth and segmentation.
    overlap : float
        Least overlap, above 0 and at most 1.
    overlap_of : {"iou", "truth"}
        What the intersection is a share of.

    Returns
    -------
    rows : (P, 2) ndarray of int64
        Row in the truth and in the segmentation of each pair, by the former.
    iou : (P,) ndarray of float64
        Intersection over union of each pair.

    Raises
    ------
    ValueError
        If the overlap or what it is of is none.

    Examples
    --------
    >>> match_objects([[0, 0, 6], [1, 0, 3], [1, 1, 4]], ([8, 8], [9, 5]))[0]
    array([[0, 0]])
    """
    check_overlap(overlap, overlap_of)
    overlaps = np.asarray(overlaps, np.int64).reshape(-1, 3)
    one, other = (np.asarray(sizes, float) for sizes in voxels)
    rows, shared = overlaps[:, :2], overlaps[:, 2]
    iou = shared / (one[rows[:, 0]] + other[rows[:, 1]] - shared)
    share = iou if overlap_of == "iou" else shared / one[rows[:, 0]]
    enough = share >= overlap
    rows, iou, share = rows[enough], iou[enough], share[enough]
    chosen = _assign(rows, share)
    return rows[chosen], iou[chosen]


def check_overlap(overlap, overlap_of):
    """Refuse overlaps that are none.

    Parameters
    ----------
    overlap, overlap_of
        As for `match_objects`.

    Raises
    ------
    ValueError
        If one is none.
    """
    if overlap_of not in OVERLAPS:
        raise ValueError(f"overlap_of is {overlap_of!r}; use one of {', '.join(OVERLAPS)}")
    if not 0 < overlap <= 1:
        raise ValueError(f"overlap is {overlap}; give a share above 0 and up to 1")


def _assign(rows, share):
    """Choose pairs without a row twice, with the largest sum of shares: their indices."""
    free = (np.bincount(rows[:, 0])[rows[:, 0]] == 1) & (np.bincount(rows[:, 1])[rows[:, 1]] == 1)
    disputed = np.flatnonzero(~free)
    if len(disputed):
        won = disputed[_assign_disputed(rows[disputed], share[disputed])]
        free[won] = True
    chosen = np.flatnonzero(free)
    return chosen[np.argsort(rows[chosen, 0], kind="stable")]


def _assign_disputed(rows, share):
    """Choose among pairs that have objects in common: indices."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching  # takes long to import

    _, one = np.unique(rows[:, 0], return_inverse=True)
    _, other = np.unique(rows[:, 1], return_inverse=True)
    number, width = one.max() + 1, other.max() + 1
    # each object may stay alone, with a partner of its own; 1 is added to all, as 0 is no edge
    alone = np.arange(number)
    weights = np.concatenate([1 + share, np.ones(number)])
    places = np.concatenate([one, alone]), np.concatenate([other, width + alone])
    graph = coo_array((weights, places), (number, width + number)).tocsr()
    partners = np.full(number, -1)
    found = min_weight_full_bipartite_matching(graph, maximize=True)
    partners[found[0]] = found[1]
    return np.flatnonzero(partners[one] == other)
