"""Which formats carry the spacing of a volume."""

from tomoseg_tf.volume.location import split_location

WITHOUT = (".npy", ".raw", ".vol")
LOST_SPACING = "the format cannot carry the voxel size; pass --spacing where it is read"


def keeps_spacing(path):
    """Whether a volume that is written at a path keeps its spacing.

    Parameters
    ----------
    path : str, Path or Location
        Where a volume is written.

    Returns
    -------
    bool
        False for NPY and RAW files.
    """
    return split_location(path).path.suffix.lower() not in WITHOUT
