"""Taking the fingerprint of weights from scans, for folders that were saved without one."""

import re
from pathlib import Path

from tomoseg_tf.volume import as_volume, grey_profile, open_sample, through_filters
from tomoseg_tf.weights.fingerprint import HEADING, describe_fingerprint, pool_profiles
from tomoseg_tf.weights.folder import open_weights
from tomoseg_tf.weights.rewriting import check_own, rewrite_weights

NEXT_SECTION = "## Input"  # of a card, before which the fingerprint stands


def store_fingerprint(folder, scans, *, mask=None, progress=None):
    """Take the fingerprint of scans that weights were fitted on, and store it with the weights.

    The folder is replaced as a whole, with its hashes renewed; the arrays stay as they are. Weights
    without a voxel size get that of the scans, if all have the same.

    Parameters
    ----------
    folder : str or Path
        Weights folder.
    scans : sequence of path or Volume
        The scans as they were before the filters of the weights.
    mask : str, optional
        "auto" or "none", see `tomoseg_tf.volume.open_sample`; as the weights were fitted by
        default.
    progress : callable, optional
        Called as ``progress(done, total)`` in scans.

    Returns
    -------
    Weights
        As they are now.

    Raises
    ------
    ValueError
        If there are no such weights, they come with the package, no scan is named, one cannot be
        read, or none of its voxels counts.
    """
    fitted = open_weights(folder)
    check_own(fitted)
    if not scans:
        raise ValueError("a fingerprint of what? name scans that the weights were fitted on")
    config, volumes = fitted.config, [as_volume(scan) for scan in scans]
    profiles = []
    for volume in volumes:
        profiles.append(_profile(volume, config, mask))
        if progress:
            progress(len(profiles), len(volumes))
    names = [Path(volume.name).name for volume in volumes]
    changes = {"fingerprint": pool_profiles(names, profiles)}
    spacings = {volume.spacing for volume in volumes}
    if config.spacing is None and len(spacings) == 1:
        changes["spacing"] = spacings.pop()
    config = config.model_copy(update=changes)
    card = _card(fitted.read_card(), describe_fingerprint(config.fingerprint))
    return rewrite_weights(fitted, config=config, card=card)


def _profile(volume, config, mask):
    """Profile a scan as the network sees it."""
    seen = through_filters(volume, config.filters)
    sample = open_sample(seen, config.normalisation.mask if mask is None else mask)
    profile = grey_profile(seen, config.normalisation, sample)
    if profile is None:
        raise ValueError(f"{volume.name}: none of its voxels counts; check the mask of the sample")
    return profile


def _card(text, section):
    """Card with the section about the fingerprint, in place of an older one."""
    text = re.sub(rf"\n{HEADING}\n.*?(?=\n## |\Z)", "", text, count=1, flags=re.DOTALL)
    head, found, rest = text.rstrip("\n").partition(f"\n{NEXT_SECTION}\n")
    if not found:
        return f"{head.rstrip()}\n\n{section}\n"
    return f"{head.rstrip()}\n\n{section}\n{found}{rest}\n"
