"""Which sides fit the poolings of a U-Net, and what it loses without padding."""


def pooling_steps(levels, z_poolings=None, rank=3):
    """List the steps of the poolings of a U-Net, one tuple per pooling.

    Parameters
    ----------
    levels : int
        Resolutions, the bottom included.
    z_poolings : int, optional
        Poolings, from the first on, that take z along; all if not given.
    rank : int
        2 for slices, 3 for volumes.

    Returns
    -------
    list of tuple of int

    Examples
    --------
    >>> pooling_steps(4, 2)
    [(2, 2, 2), (2, 2, 2), (1, 2, 2)]
    """
    along_z = levels - 1 if z_poolings is None else z_poolings
    plane = (1,) * (rank - 2) + (2, 2)
    return [(2,) * rank if level < along_z else plane for level in range(levels - 1)]


def halvings(side, most):
    """Count how often a side can be halved without a rest, at most so often.

    Examples
    --------
    >>> halvings(12, 5)
    2
    """
    count = 0
    while count < most and side % 2 == 0:
        side, count = side // 2, count + 1
    return count


def lost_below(steps):
    """Count the voxels that a shortcut without padding has more than what comes up to it.

    Every pair of 3-wide convolutions takes 4 voxels of its own resolution.

    Parameters
    ----------
    steps : list of int
        Steps of the poolings along an axis from the level of the shortcut on.

    Returns
    -------
    int
        Even: half of it is cropped at either end.
    """
    if not steps:
        return 0
    deeper = 4 if len(steps) == 1 else 8 + lost_below(steps[1:])
    return steps[0] * deeper


def check_sides(sides, steps, padding):
    """Check that the fixed sides of an input fit the poolings.

    Parameters
    ----------
    sides : sequence of (int or None)
        Sides of the input; None fits.
    steps : list of tuple of int
        As `pooling_steps` gives them.
    padding : {"same", "valid"}
        Of the convolutions.

    Raises
    ------
    ValueError
        If a side does not fit; says which would.
    """
    for axis, side in enumerate(sides):
        along = [step[axis] for step in steps]
        if side is None or _fits(side, along, padding):
            continue
        larger = side + 1
        while not _fits(larger, along, padding):
            larger += 1
        raise ValueError(
            f"side {side} of input_shape does not fit the {sum(s > 1 for s in along)} poolings "
            f"of padding {padding!r} along that axis; use {larger} or None"
        )


def _fits(side, steps, padding):
    """Tell whether each pooling divides what it gets, and something is left at the end."""
    taken = 4 if padding == "valid" else 0
    if side - (taken and lost_below(steps) + taken * (2 if steps else 1)) < 1:
        return False
    for step in steps:
        side -= taken
        if side % step:
            return False
        side //= step
    return True
