"""Whether 255 means the same in several truths."""

import numpy as np

from tomoseg_tf.volume.truth.opening import count_classes
from tomoseg_tf.volume.truth.palette import IGNORE


def check_senses(truths):
    """Refuse truths of which one was taken for a mask of 0 and 255, and another is of classes.

    Parameters
    ----------
    truths : sequence of TruthVolume
        As `tomoseg_tf.volume.open_truth` gives them.

    Raises
    ------
    ValueError
        If 255 means an object in one and would not in another.
    """
    masks = [truth for truth in truths if truth.guessed_mask]
    for other in truths if masks else ():
        if other.guessed_mask:
            continue
        counts = np.asarray(count_classes(other))
        found = [number for number in (IGNORE, *range(2, IGNORE)) if counts[number]]
        if found:
            what = "255 is ignored" if found[0] == IGNORE else f"there is a class {found[0]}"
            raise ValueError(
                f"{masks[0].name} holds only 0 and 255 and would be read as a mask in which 255 is "
                f"class 1, but {other.name} as classes, of which {what}; pass --palette: classes, "
                "or 0:0,255:1 and so on if 255 is an object in all"
            )
