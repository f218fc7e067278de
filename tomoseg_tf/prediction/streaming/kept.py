"""The slices of one tensor that are kept on a device, in the pieces in which they were computed."""


class KeptTensors:
    """Slices of a tensor, from `start` up to `stop`, over one part of the planes.

    Parameters
    ----------
    ops : module
        Operations of the backend.
    start : int
        Slice at which the tensor begins.
    box : tuple of (int, int)
        Its part of the planes: rows and columns.
    """

    def __init__(self, ops, start, box):
        self.ops, self.start, self.stop, self.box = ops, start, start, box
        self.pieces, self.bands = [], {}

    def begin(self, number):
        """Prepare for the slices that follow."""
        self.bands = {}

    def put(self, first, band):
        """Take the rows of these slices from a row on: a tensor (Z, Y, X, C)."""
        self.bands[first] = band

    def end(self):
        """Keep the slices, as all of their rows are there."""
        bands = [band for _, band in sorted(self.bands.items())]
        self.pieces.append(bands[0] if len(bands) == 1 else self.ops.concatenate(bands, axis=1))
        self.stop += len(self.pieces[-1])
        self.bands = {}

    def window(self, box):
        """Cut a box out, with zeros where nothing is kept.

        Parameters
        ----------
        box : tuple of (int, int)
            Slices, rows and columns of the tensor.

        Returns
        -------
        (Z, Y, X, C) tensor
        """
        held = ((self.start, self.stop), *self.box)
        inside = [
            (max(low, first), min(high, last))
            for (low, high), (first, last) in zip(box, held, strict=True)
        ]
        cuts = tuple(
            slice(low - first, high - first)
            for (low, high), (first, _) in zip(inside[1:], self.box, strict=True)
        )
        parts = [part[(slice(None), *cuts)] for part in self._take(*inside[0])]
        x = parts[0] if len(parts) == 1 else self.ops.concatenate(parts, axis=0)
        margins = [
            (first - low, high - last)
            for (low, high), (first, last) in zip(box, inside, strict=True)
        ]
        return self.ops.pad(x, [*margins, (0, 0)]) if any(map(any, margins)) else x

    def _take(self, start, stop):
        """Parts of the pieces that make up a range, in order."""
        parts, low = [], self.start
        for piece in self.pieces:
            high = low + len(piece)
            first, last = max(start, low) - low, min(stop, high) - low
            if first < last:
                parts.append(piece[first:last])
            low = high
        return parts

    def drop(self, start):
        """Forget the slices before one."""
        while self.pieces and self.start < start:
            piece = self.pieces.pop(0)
            if self.start + len(piece) > start:
                self.pieces.insert(0, piece[start - self.start :])
                self.start = start
            else:
                self.start += len(piece)


def weave_tensors(ops, parts, times, cuts):
    """Join what a "doubled" convolution gives: slices by turns, and rows by turns.

    Parameters
    ----------
    ops : module
        Operations of the backend.
    parts : list of list of (Z, Y, X, F) tensor
        Slices that come by turns, the longer ones first; of each the rows that come by turns.
    times : (int, int)
        Numbers of parts.
    cuts : tuple of slice
        Rows and columns of the result.

    Returns
    -------
    (Z, Y, X, F) tensor
    """
    slices = []
    for rows in parts:
        depth, height, *rest = rows[0].shape
        joined = rows[0] if times[1] == 1 else ops.stack(rows, axis=2)
        slices.append(ops.reshape(joined, (depth, height * times[1], *rest))[(slice(None), *cuts)])
    if len(slices) == 1:
        return slices[0]
    first, second = slices
    pairs = ops.stack([first[: len(second)], second], axis=1)
    joined = ops.reshape(pairs, (2 * len(second), *first.shape[1:]))
    if len(first) == len(second):
        return joined
    return ops.concatenate([joined, first[len(second) :]], axis=0)
