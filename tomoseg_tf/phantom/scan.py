"""What simulated scans share: a checked shape, slabs of slices, noise, the pillar of some."""

from functools import cached_property

from tomoseg_tf.phantom.artefacts import backprojection_spectrum
from tomoseg_tf.phantom.pillar import Pillar


class Scan:
    """A simulated scan that is made slab by slab.

    A kind of scan is a frozen dataclass with ``shape``, ``seed`` and ``spacing``, and the method
    ``slab(start, stop)`` that gives grey levels and truth of some slices.

    Attributes
    ----------
    title : str
        What errors call it.
    smallest : tuple of int
        The least sides (Z, Y, X) in voxels.
    dtype : str
        Type of the grey levels.
    """

    title = "a scan"
    smallest = (1, 64, 64)
    dtype = "uint8"

    def __post_init__(self):
        sides = zip(self.shape, self.smallest, strict=False)
        if len(self.shape) != 3 or any(side < least for side, least in sides):
            least = ",".join(map(str, self.smallest))
            raise ValueError(f"{self.title} needs a shape of at least {least}, got {self.shape}")
        if self.seed < 0:
            raise ValueError(f"the seed must be 0 or more, got {self.seed}")

    @cached_property
    def _spectrum(self):
        return backprojection_spectrum(self.shape[1:])

    def slabs(self, depth=16):
        """Make the scan slab by slab; the result does not depend on the slabs.

        Parameters
        ----------
        depth : int
            Slices a slab.

        Yields
        ------
        start : int
            First slice of the slab.
        grey : (depth, Y, X) ndarray
            Grey levels, of the type ``dtype``.
        truth : (depth, Y, X) ndarray of uint8
            Classes.
        """
        for start in range(0, self.shape[0], depth):
            stop = min(start + depth, self.shape[0])
            yield start, *self.slab(start, stop)

    def summary(self, counts):
        """Tell what is in the scan.

        Parameters
        ----------
        counts : (256,) ndarray of int64
            Voxels in each class.

        Returns
        -------
        dict
            ``shape``, ``seed``, and ``spacing`` in µm; more in the kinds of scans.
        """
        return {"shape": list(self.shape), "seed": self.seed, "spacing": list(self.spacing)}


class PillarScan(Scan):
    """A simulated scan of a pillar; the dataclass also has a ``pillar_radius`` in voxels."""

    @cached_property
    def _pillar(self):
        return Pillar(tuple(self.shape[1:]), self.seed, self.pillar_radius)

    def depth(self, z):
        """Depth of each voxel of slice z below the pillar's surface: (Y, X) float32, in voxels."""
        return self._pillar.depth(z)
