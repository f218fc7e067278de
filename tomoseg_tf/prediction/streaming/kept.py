"""The slices of one tensor that are kept, in the pieces in which they were computed."""


class Kept:
    """Slices of a tensor, from `start` up to `stop`.

    Pieces are kept whole until none of their slices is needed: nothing is copied to keep it.

    Parameters
    ----------
    start : int
        Slice at which the tensor begins.
    """

    def __init__(self, start):
        self.start = self.stop = start
        self.pieces = []

    def append(self, piece):
        """Add the slices that follow: a tensor or array (Z, ...)."""
        self.pieces.append(piece)
        self.stop += len(piece)

    def take(self, start, stop):
        """Give the parts of the pieces that make up a range, in order.

        Parameters
        ----------
        start, stop : int
            Slices of the tensor.

        Returns
        -------
        list of (Z, ...) tensor
        """
        parts, low = [], self.start
        for piece in self.pieces:
            high = low + len(piece)
            first, last = max(start, low) - low, min(stop, high) - low
            if first < last:
                parts.append(piece if last - first == len(piece) else piece[first:last])
            low = high
        return parts

    def drop(self, start):
        """Forget the pieces that end at or before a slice."""
        while self.pieces and self.start + len(self.pieces[0]) <= start:
            self.start += len(self.pieces.pop(0))

    @property
    def num_slices(self):
        """Slices that are kept."""
        return self.stop - self.start
