"""Which voxels of each volume are the sample, as records are to take them."""

import hashlib
from pathlib import Path

from tomoseg_tf.volume import open_sample


def open_masks(volumes, masks):
    """Find out which voxels of each volume are the sample.

    Parameters
    ----------
    volumes : sequence of Volume
        The scans.
    masks : str, or sequence of one mask for each volume
        "auto", "none", or label volumes in the order of the scans, each as
        `tomoseg_tf.volume.open_sample` takes it.

    Returns
    -------
    list of (str, tomoseg_tf.volume.Sample or None)
        What was asked for, "auto", "none" or the name of the mask; and what was found.

    Raises
    ------
    ValueError
        If the number of masks is another, or one cannot be read or has another shape.
    """
    if isinstance(masks, (str, Path)):
        masks = [masks]
        if masks[0] in ("auto", "none"):
            masks *= len(volumes)
    if len(masks) != len(volumes):
        raise ValueError(
            f"{len(masks)} masks are given for {len(volumes)} volumes; give one for each in their "
            "order, or auto or none for all"
        )
    found = []
    for volume, mask in zip(volumes, masks, strict=True):
        asked = mask if isinstance(mask, str) and mask in ("auto", "none") else None
        inside = open_sample(volume, mask)
        found.append((asked or inside.name, inside))
    return found


def mask_hash(inside, depth):
    """SHA-256 of what is the sample.

    Parameters
    ----------
    inside : tomoseg_tf.volume.Sample
        Which voxels are the sample.
    depth : int
        Slices of the volume.

    Returns
    -------
    str
        Hash of a byte for each voxel, 0 or 1, in C order, as 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for z in range(depth):
        digest.update(inside.inside(z, z + 1).tobytes())
    return digest.hexdigest()


def mask_notices(volumes, masks):
    """Say what lies outside of the sample in each volume.

    Parameters
    ----------
    volumes : sequence of Volume
        The scans.
    masks : sequence of (str, tomoseg_tf.volume.Sample or None)
        As `open_masks` gives them.

    Returns
    -------
    list of str
        A notice for each volume that has something outside the sample.
    """
    notices = []
    for volume, (asked, inside) in zip(volumes, masks, strict=True):
        if inside is None:
            continue
        what = f"what lies outside the mask {inside.name}"
        if asked == "auto":
            share = 100 * (1 - inside.inside(0, 1).mean())
            what = f"{share:.3g} % of each slice lies outside the reconstruction circle and"
        notices.append(f"{volume.name}: {what} is left out in training unless the recipe keeps it")
    return notices
