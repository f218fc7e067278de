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

    def put(self, ends, band, rows=1):
        """Take some rows of these slices, see `KeptPlanes.put`; none lie beside one another."""
        if rows != 1:
            raise ValueError(f"{rows} rows at once are for processors")
        self.bands[ends[0]] = band[0]

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
        (1, Z, Y, X, C) tensor
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
        x = self.ops.pad(x, [*margins, (0, 0)]) if any(map(any, margins)) else x
        return x[None]

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
    """Join what a "doubled" convolution gives: slices, rows and columns that come by turns.

    Parameters
    ----------
    ops : module
        Operations of the backend.
    parts : list of (1, Z, Y, X, Ty * Tx * F) tensor
        Slices that come by turns, the longer ones first; rows and columns that do, as features.
    times : (int, int)
        How many rows and columns come by turns.
    cuts : tuple of slice
        Rows and columns of the result.

    Returns
    -------
    (1, Z, Y, X, F) tensor
    """
    slices = []
    for part in parts:
        _, depth, height, width, _ = part.shape
        x = ops.reshape(part, (depth, height, width, *times, -1))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        x = ops.reshape(x, (depth, height * times[0], width * times[1], -1))
        slices.append(x[(slice(None), *cuts)])
    if len(slices) == 1:
        return slices[0][None]
    first, second = slices
    pairs = ops.stack([first[: len(second)], second], axis=1)
    joined = ops.reshape(pairs, (2 * len(second), *first.shape[1:]))
    if len(first) > len(second):
        joined = ops.concatenate([joined, first[len(second) :]], axis=0)
    return joined[None]
