"""PyHST volumes: a RAW file and the info file beside it."""

import os
from math import prod

from tomoseg_tf.volume.esrf.info import find_info, read_info, stored_type
from tomoseg_tf.volume.plain import PlainVolume


class HstVolume(PlainVolume):
    """A volume that PyHST wrote: ``scan.vol`` beside ``scan.vol.info``.

    Parameters
    ----------
    path : Path
        The RAW file.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the info file states.

    Raises
    ------
    ValueError
        If there is no info file, it is damaged, or the RAW file has not the size that it tells.
    """

    def __init__(self, path, spacing=None):
        beside = find_info(path)
        if beside is None:
            raise ValueError(f"{path}: has no info file beside it; put back {path.name}.info")
        info, size = read_info(beside), os.path.getsize(path)
        stored = stored_type(info, size)
        if stored is None:
            kind = "1, 2, 4 or 8 bytes" if info.dtype is None else info.dtype
            sides = " × ".join(map(str, info.shape))
            raise ValueError(
                f"{path}: has {size} bytes, but {beside.name} tells {sides} = {prod(info.shape)} "
                f"voxels of {kind}; it is cut short or the info file is another's: copy it again, "
                "or give --shape and --dtype where the command has them"
            )
        super().__init__(path, info.shape, stored, spacing or info.spacing, format="PyHST")
        self.notices = () if spacing else info.notices
        self.storage["described by"] = beside.name
