"""A volume as napari slices it: nothing is read before it is looked at."""

import numpy as np

LARGEST = 4 * 2**30  # bytes read at once, as for a view in 3D


class LazyArray:
    """An array-like that reads from a volume what is sliced from it.

    Parameters
    ----------
    volume : Volume
        What is read from.
    """

    ndim = 3

    def __init__(self, volume):
        self.volume = volume
        self.shape, self.dtype, self.size = volume.shape, volume.dtype, volume.voxels

    def __repr__(self):
        """Describe the array in one line."""
        return f"<LazyArray of {self.volume!r}>"

    def __len__(self):
        """Give the number of slices."""
        return self.shape[0]

    def __getitem__(self, key):
        """Read a part.

        Parameters
        ----------
        key : int, slice or tuple of these
            What to read, along z, y and x.

        Returns
        -------
        ndarray
            A new array.

        Raises
        ------
        ValueError
            If it is more than 4 GiB, or the file cannot be read.
        IndexError
            If it is outside of the volume, or the key is of another kind.
        """
        keys = self._complete(key)
        ranges = [_range(*pair) for pair in zip(keys, self.shape, strict=True)]
        box = [(min(r), max(r) + 1) if len(r) else (0, 0) for r in ranges]
        self._check_size(box)
        steps = tuple(
            slice(None, None, r.step) if len(r) else slice(0, 0) for r in ranges
        )  # a negative step begins at the end of the box, as it does in the volume
        block = self.volume.read_box(box)[steps]
        return block[tuple(0 if isinstance(key, int) else slice(None) for key in keys)]

    def __setitem__(self, key, values):
        """Refuse to be drawn on: the file stays as it is."""
        raise ValueError(
            f"{self.volume.name}: is read from its file as it is looked at and cannot be drawn on; "
            "crop it first"
        )

    def __array__(self, dtype=None, copy=None):
        """Read the whole volume."""
        return self[...] if dtype is None else self[...].astype(dtype, copy=False)

    def _complete(self, key):
        """Keys of all three axes, whole numbers as int."""
        keys = key if isinstance(key, tuple) else (key,)
        gap = next((place for place, one in enumerate(keys) if one is Ellipsis), len(keys))
        before, after = keys[:gap], keys[gap + 1 :]
        middle = (slice(None),) * (3 - len(before) - len(after))
        keys = tuple(
            one if isinstance(one, slice) else _whole(one) for one in (*before, *middle, *after)
        )
        if len(keys) != 3:
            raise IndexError(f"{self.volume.name}: {len(keys)} indices for the axes z, y and x")
        return keys

    def _check_size(self, box):
        """Refuse to read so much that the memory may not suffice."""
        size = self.dtype.itemsize * float(np.prod([stop - start for start, stop in box]))
        if size > LARGEST:
            raise ValueError(
                f"{self.volume.name}: {size / 2**30:.1f} GiB are too many to show at once; look at "
                "slices, or write a pyramid for 3D: tomoseg-tf filter SCAN scan.ome.zarr --filter "
                "median:1"
            )


def _whole(key):
    """Turn an index into an int."""
    try:
        return key.__index__()
    except (AttributeError, TypeError):
        raise IndexError(f"index {key!r}: only whole numbers and slices are read") from None


def _range(key, size):
    """Range of indices that a key stands for along an axis."""
    if isinstance(key, slice):
        return range(size)[key]
    if not -size <= key < size:
        raise IndexError(f"index {key} is outside of {size} voxels")
    return range(size)[key : key + 1 or None]
