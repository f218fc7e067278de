"""The grid of patches over a block of a volume."""


def grid_starts(size, side, cover="drop"):
    """First voxels of the patches along one axis.

    Parameters
    ----------
    size : int
        Voxels along the axis, at least `side`.
    side : int
        Voxels of a patch along it.
    cover : {"drop", "shift"}, optional
        "drop" leaves out what does not fill a patch, as published; "shift" adds a last
        patch that ends at the border and overlaps the one before it.

    Returns
    -------
    list of int
        Starts in rising order.

    Examples
    --------
    The published grid of 192 over 1024 voxels covers 960 of them:

    >>> grid_starts(1024, 192)
    [0, 192, 384, 576, 768]
    >>> grid_starts(1024, 192, "shift")
    [0, 192, 384, 576, 768, 832]
    """
    starts = list(range(0, size - side + 1, side))
    if cover == "shift" and starts[-1] + side < size:
        starts.append(size - side)
    return starts


def check_patch(patch, name, shape):
    """Check that a patch fits into a volume.

    Parameters
    ----------
    patch : tuple of three int
        Sides of the patch (z, y, x) in voxels.
    name : str
        What the error calls the volume.
    shape : tuple of three int
        Shape of the volume.

    Raises
    ------
    ValueError
        If a side is longer than the volume; the text says which patch would fit.
    """
    if all(side <= size for side, size in zip(patch, shape, strict=True)):
        return
    fit = [
        side if side <= size else largest_side(size)
        for side, size in zip(patch, shape, strict=True)
    ]
    raise ValueError(
        f"{name}: a patch of {_times(patch)} voxels does not fit into its {_times(shape)}; "
        f"use a patch of at most {_times(fit)}"
    )


def uncovered_share(shape, starts, patch):
    """Share of the voxels of a box that no patch of its grid holds.

    Parameters
    ----------
    shape : tuple of three int
        Sides of the box.
    starts : tuple of three list of int
        Starts of the patches along each axis.
    patch : tuple of three int
        Sides of a patch.

    Returns
    -------
    float
        Between 0 and 1.
    """
    covered = total = 1
    for size, first, side in zip(shape, starts, patch, strict=True):
        covered *= first[-1] + side
        total *= size
    return 1 - covered / total


def largest_side(side):
    """Largest side of a patch that fits: a multiple of 8 where there is room for one.

    Parameters
    ----------
    side : int
        Voxels to fit into.

    Returns
    -------
    int
        `side` rounded down to a multiple of 8; `side` itself (at least 0) below 8.
    """
    return side // 8 * 8 if side >= 8 else max(0, side)


def _times(sides):
    return " x ".join(str(side) for side in sides)
