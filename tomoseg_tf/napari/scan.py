"""The scan of a layer: in its file, or written to one for the process that segments."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tomoseg_tf.napari.lazy_array import LazyArray
from tomoseg_tf.napari.writing import layer_spacing
from tomoseg_tf.volume import Volume, create_volume


@dataclass(frozen=True)
class Scan:
    """A grey volume of a layer.

    Attributes
    ----------
    volume : Volume
        What is segmented.
    in_file : bool
        Whether it is a file that can be opened by its name.
    """

    volume: Any
    in_file: bool

    @property
    def spacing(self):
        """Size of a voxel along (z, y, x) in µm, None where it is unknown."""
        return self.volume.spacing

    def place(self, path):
        """Give the file that holds the scan.

        Parameters
        ----------
        path : Path
            NPY file to write, if it is in none.

        Returns
        -------
        str
            Its own file, else `path`.
        """
        if self.in_file:
            return self.volume.name
        with create_volume(path, self.volume.shape, self.volume.dtype) as writer:
            for start, slab in self.volume.slabs():
                writer.write(start, slab)
        return f"{path}"


class LayerVolume(Volume):
    """A volume that is an array of napari: of NumPy, Dask, Zarr or the like.

    Parameters
    ----------
    data : (Z, Y, X) array_like
        Grey levels, or one slice (Y, X).
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm.
    name : str
        Name of the layer.

    Raises
    ------
    ValueError
        If it is no volume.
    """

    def __init__(self, data, spacing, name):
        shape = (1, *data.shape) if data.ndim == 2 else data.shape
        if len(shape) != 3:
            raise ValueError(
                f"{name}: has {data.ndim} axes; choose a grey layer of a volume, with axes z, y, x"
            )
        super().__init__(shape, data.dtype, spacing=spacing, name=name, format="layer of napari")
        self._data = data

    def _read_box(self, box):
        key = tuple(slice(*side) for side in box[3 - self._data.ndim :])
        block = np.array(self._data[key])
        return block.reshape([stop - start for start, stop in box])


def layer_scan(layer):
    """Take the scan of a layer.

    Parameters
    ----------
    layer : napari.layers.Image
        Grey levels; of a pyramid the finest level counts.

    Returns
    -------
    Scan
        Its file if this plugin read it, else its array with the spacing of the layer.

    Raises
    ------
    ValueError
        If it is in colours or no volume.
    """
    if getattr(layer, "rgb", False):
        raise ValueError(f"{layer.name}: is in colours; choose a grey layer")
    data = layer.data[0] if layer.multiscale else layer.data
    if isinstance(data, LazyArray):
        return Scan(data.volume, True)
    return Scan(LayerVolume(data, layer_spacing(layer.scale, layer.units), layer.name), False)
