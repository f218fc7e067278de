"""A draft of truth for a whole scan, written slab by slab as a mask to be edited."""

from math import isfinite

import numpy as np

from tomoseg_tf.volume.apart import check_apart
from tomoseg_tf.volume.creating import check_output, create_volume, lost_spacing
from tomoseg_tf.volume.filtered import fill_holes, good_voxels
from tomoseg_tf.volume.filters import parse_filter
from tomoseg_tf.volume.opening import as_volume
from tomoseg_tf.volume.read_once import ReadOnce, kept_bytes
from tomoseg_tf.volume.sample import CircleSample, inside_of, open_sample
from tomoseg_tf.volume.truth.drafting import OBJECTS, draft_slice, noise_gradient

OBJECT = 255  # of the mask: white in every editor, and read as class 1
LOOKED_AT = 9  # slices from which the noise is estimated
LEAST = 1e-3  # gradient that counts as noise, in standard deviations of the grey levels
PIECE_BYTES = 2**27  # of a slab in float64, unless the slices that the blur needs are more


def draft_file(
    scan,
    output,
    *,
    objects="bright",
    blur=1.0,
    edges=(2.0, 4.0),
    close=1,
    largest=None,
    mask="auto",
    spacing=None,
    overwrite=False,
    progress=None,
):
    """Draft the truth of a scan by its edges; see `tomoseg_tf.volume.truth.drafting`.

    Parameters
    ----------
    scan : Volume, or what `as_volume` takes
        The scan.
    output : str, Path or Location
        Where the mask goes, 255 in objects and 0 elsewhere; the format follows the suffix.
    objects : {"bright", "dark"}, optional
        Whether objects are brighter or darker than what they lie in.
    blur : float, optional
        Standard deviation of the Gaussian in 3D, in voxels; 0 for none.
    edges : (float, float), optional
        Gradients in units of that of the noise: an edge has at least the second one somewhere, and
        the first one everywhere.
    close : int, optional
        Voxels over which the ends of edges are joined.
    largest : int, optional
        Voxels of the largest object in a slice; any number when not given.
    mask : str, Path, (Z, Y, X) array_like or Volume, optional
        Where the sample is, as for `open_sample`.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the scan states.
    overwrite : bool, optional
        Whether an existing output may be replaced.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of slices.

    Returns
    -------
    dict
        ``path``, ``shape``, ``spacing``, ``voxels`` (of objects), ``noise`` and ``gradients`` (both
        in grey levels per voxel) and ``notices``.

    Raises
    ------
    ValueError
        If a setting is not possible, the scan cannot be read, or the output exists or would
        spoil an input.
    """
    _check(objects, blur, edges, close, largest)
    check_apart([output], [scan, mask])
    check_output(output, overwrite)
    scan = as_volume(scan)
    scan = ReadOnce(scan, kept_bytes(scan))
    sample = open_sample(scan, mask)
    spacing = scan.spacing if spacing is None else tuple(spacing)
    total, found = scan.shape[0], 0
    settings = {"objects": objects, "close": close, "largest": largest}
    with create_volume(
        output, scan.shape, np.uint8, spacing=spacing, overwrite=overwrite
    ) as writer:
        noise = _noise(scan, blur, sample)
        settings["edges"] = [noise * times for times in edges]
        for start, slab, good, inside in _blurred(scan, blur, sample):
            drafted = [
                draft_slice(image, inside=None if inside is None else inside[z], **settings)
                for z, image in enumerate(slab)
            ]
            drafted = np.array(drafted) & good
            found += int(np.count_nonzero(drafted))
            writer.write(start, drafted * np.uint8(OBJECT))
            if progress:
                progress(start + len(slab), total)
    return {
        "path": f"{output}",
        "shape": list(scan.shape),
        "spacing": None if spacing is None else list(spacing),
        "voxels": found,
        "noise": noise,
        "gradients": settings["edges"],
        "notices": [
            *scan.named_notices(),
            *([sample.notice] if sample else []),
            *lost_spacing(output, spacing),
        ],
    }


def _check(objects, blur, edges, close, largest):
    """Refuse settings that are not possible."""
    if objects not in OBJECTS:
        raise ValueError(f"objects {objects!r} are not known; they are bright or dark")
    if not (isfinite(blur) and blur >= 0):
        raise ValueError(f"blur {blur}: must be 0 or a number of voxels")
    if not (isfinite(sum(edges)) and 0 < edges[0] <= edges[1]):
        raise ValueError(
            f"edges {','.join(f'{one:g}' for one in edges)}: must be two gradients, the lower "
            "first, such as 2,4 times that of the noise"
        )
    if not 0 <= close <= 20 or (largest is not None and largest < 1):
        raise ValueError(f"close {close} must be 0 to 20 voxels, and largest {largest} at least 1")


def _noise(scan, blur, sample):
    """Median over some slices of the gradient that noise has; not 0 where there is none."""
    step = max(1, scan.shape[0] // LOOKED_AT)
    found, deviations = [], []
    for z in range(step // 2, scan.shape[0], step):
        _, (image,), (good,), inside = next(_blurred(scan, blur, sample, z, z + 1))
        known = good if inside is None else good & inside[0]
        if known.any():
            found.append(noise_gradient(image, known))
            deviations.append(image[known].std())
    least = LEAST * float(max(deviations, default=0))
    return max(float(np.median(found or [0])), least, 1e-30)


def _blurred(scan, blur, sample, begin=0, end=None):
    """Slabs of the blurred scan: first slice, grey, which voxels count, where the sample is.

    Those that do not count are seen as the nearest others, and no edge is found around them.
    """
    steps = [parse_filter(f"gaussian:{blur:g}")] if blur else []
    overlap = sum(step.overlap for step in steps)
    total, height, width = scan.shape
    end = total if end is None else end
    circle = isinstance(sample, CircleSample)  # the fill outside it leaks in where it is blurred
    depth = max(1, overlap, PIECE_BYTES // (8 * height * width) - 2 * overlap)
    for start in range(begin, end, depth):
        stop, first = min(start + depth, end), max(0, start - overlap)
        grey = scan.read(first, min(total, stop + overlap))
        good = good_voxels(scan, grey) if circle else np.isfinite(grey)
        grey = fill_holes(grey, good)
        for step in steps:
            grey = step(grey)
        wanted = slice(start - first, stop - first)
        yield start, grey[wanted], good[wanted], inside_of(sample, start, stop)
