"""How a volume is thinned for the viewer, so that the page stays within its size."""

from dataclasses import dataclass

LARGEST_SIDE = 2048  # pixels of an image that a phone composes without delay
SMALLEST_SIDE = 48
CLASSES_SHARE = 0.45  # of the room, at most, while the grey levels leave some


@dataclass(frozen=True)
class Thinning:
    """Which slices are shown, and at what size.

    Attributes
    ----------
    step : int
        Every so many slices one is shown.
    grey_bin : int
        Side in voxels of the squares of which the mean grey level is shown.
    class_bin : int
        Side of the squares of which the class of one voxel is shown.
    """

    step: int
    grey_bin: int
    class_bin: int

    @property
    def thinned(self):
        """Whether anything is left out."""
        return (self.step, self.grey_bin, self.class_bin) != (1, 1, 1)


def shown_slices(depth, step):
    """Choose slices, every so many, with equal rests at both ends.

    Parameters
    ----------
    depth : int
        Number of slices.
    step : int
        From one to the next.

    Returns
    -------
    list of int
        The slices.

    Examples
    --------
    >>> shown_slices(8, 5)
    [1, 6]
    """
    number = -(-depth // step)
    first = (depth - 1 - (number - 1) * step) // 2
    return list(range(first, depth, step))


def choose_thinnings(shape, room, grey_bytes, class_bytes):
    """List the thinnings that fit into some room, the finest first.

    Fine means that neither slices nor pixels are thinned much more than the other: the larger of
    step and bin counts first, then the number of pixels. Class maps, which are small when packed,
    stay finer than the grey levels where there is room.

    Parameters
    ----------
    shape : tuple of three int
        Shape (Z, Y, X).
    room : int
        Bytes that all slices may take.
    grey_bytes, class_bytes : callable
        ``f(bin)``: bytes that a slice takes, 0 without such images.

    Yields
    ------
    Thinning
        One that fits.
    """
    depth, side = shape[0], max(shape[1:])
    least = -(-side // LARGEST_SIDE)
    largest = max(least, side // SMALLEST_SIDE)
    pairs = [
        (step, size) for step in range(1, depth + 1) for size in range(least, largest + 1)
        if max(step, size) <= 4 * min(step, size) + 4
    ]  # fmt: skip
    for step, size in sorted(pairs, key=lambda pair: (max(pair), pair[0] * pair[1] ** 2)):
        number = len(shown_slices(depth, step))
        grey = number * grey_bytes(size)
        if grey > room:
            continue
        for classes in range(least, size + 1):
            taken = number * class_bytes(classes)
            if grey + taken <= room and (taken <= CLASSES_SHARE * room or classes == size):
                yield Thinning(step, size, classes)
                break
