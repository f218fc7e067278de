"""The weights that come with the package, and those below a folder."""

from pathlib import Path

from tomoseg_tf.bundle import bundled

CONFIG = "config.json"


def shipped_weights():
    """List the weights that come with the package.

    Returns
    -------
    dict of str to Path
        Folder of each, by name, in alphabetical order.
    """
    return weights_in(bundled("fitted"))


def weights_in(place: Path):
    """List the weights folders directly below a folder.

    Parameters
    ----------
    place : Path
        Such as the runs of one's own; it need not exist.

    Returns
    -------
    dict of str to Path
        Folder of each, by name, in alphabetical order.
    """
    return {config.parent.name: config.parent for config in sorted(place.glob(f"*/{CONFIG}"))}
