"""Simulated objects inserted into a real scan: known truth with the scan's own blur and noise."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from tomoseg_tf.phantom.bodies import Bodies, paint
from tomoseg_tf.phantom.point_spread import measure_noise, measure_point_spread, middle_of
from tomoseg_tf.phantom.population import check_kind, draw_population
from tomoseg_tf.phantom.simulate import check_outputs
from tomoseg_tf.volume import (
    IGNORE,
    as_volume,
    check_apart,
    create_volume,
    fill_holes,
    good_voxels,
    inside_of,
    open_sample,
)

SMOOTH = 2.0  # standard deviation in voxels of what an object replaces; finer noise stays
VOXEL = 1 / 12  # variance of the point spread of a voxel, which painting has already
FAR = 3.0  # standard deviations after which the surroundings are cut off
DEPTH = 32  # slices read at a time
ALIKE = 0.6  # share of the contrast from which on the scan itself looks like an object


@dataclass(frozen=True)
class Insertion:
    """Objects for a scan, and how they are to look in it.

    Attributes
    ----------
    bodies : Bodies
        The objects, with ``levels`` in grey levels.
    contrast : float
        Mean difference to what is around them, in grey levels; negative for dark objects.
    blur : float
        Standard deviation of the point spread, in voxels.
    noise : float
        Standard deviation of the noise of the scan, in grey levels.
    reach : float
        Standard deviation in voxels of the surroundings that objects are compared with.
    """

    bodies: Bodies
    contrast: float
    blur: float
    noise: float
    reach: float


def insert_objects(scan, output, truth, *, overwrite=False, progress=None, **settings):
    """Write a scan with simulated objects in it, and the truth of these.

    An object replaces the smooth part of the scan; the noise of the scan stays where it is, with
    its colour, rings and streaks. What is like such objects in the scan itself is 255 in the
    truth: nobody has labelled it.

    Parameters
    ----------
    scan : path, (Z, Y, X) array_like or Volume
        Grey levels.
    output, truth : path
        Where scan and classes go: 1 in objects, 0, and 255 = ignore.
    overwrite : bool
        Replace existing outputs.
    progress : callable, optional
        Called as ``progress(done, total)`` in slices.
    **settings
        Those of `plan_insertion`.

    Returns
    -------
    dict
        ``shape``, ``objects``, ``fraction`` of the voxels in them, ``ignored`` share, ``contrast``
        and ``noise`` in grey levels, ``blur`` and mean ``radius`` in voxels.

    Raises
    ------
    ValueError
        As for `plan_insertion`, or if an output exists or would spoil an input.
    """
    check_apart([output, truth], [scan, settings.get("mask")])
    check_outputs((output, truth), overwrite)
    scan = as_volume(scan)
    plan = plan_insertion(scan, **settings)
    counts = np.zeros(IGNORE + 1, np.int64)
    options = {"spacing": scan.spacing, "overwrite": overwrite}
    with (
        create_volume(output, scan.shape, scan.dtype, **options) as grey_writer,
        create_volume(truth, scan.shape, "uint8", classes=True, **options) as truth_writer,
    ):
        for start, slab in scan.slabs(16):
            grey, classes = changed_slab(scan, plan, start, start + len(slab))
            grey_writer.write(start, grey)
            truth_writer.write(start, classes)
            counts += np.bincount(classes.ravel(), minlength=len(counts))
            if progress:
                progress(start + len(slab), scan.shape[0])
    return {
        "shape": list(scan.shape),
        "objects": len(plan.bodies),
        "fraction": int(counts[1]) / scan.voxels,
        "ignored": int(counts[IGNORE]) / scan.voxels,
        "contrast": plan.contrast,
        "noise": plan.noise,
        "blur": plan.blur,
        "radius": float(np.cbrt(plan.bodies.axes.prod(axis=1)).mean()),
    }


def plan_insertion(
    scan,
    *,
    kind="precipitates",
    bright=False,
    contrast=None,
    fraction=None,
    radius=None,
    blur=None,
    matrix=None,
    mask="auto",
    seed=0,
):
    """Measure a scan and draw objects for it.

    Parameters
    ----------
    scan : Volume
        Grey levels.
    kind : {"precipitates", "pores"}
        What the objects are.
    bright : bool
        Whether the objects are brighter than what is around them.
    contrast : float, optional
        By how many grey levels; half of what lies between the percentiles 1 and 99 of the scan
        by default.
    fraction, radius : float, optional
        Share of the voxels that are to be object, before those without room are left out, and
        mean equivalent radius in voxels; drawn by the seed by default, as all else.
    blur : float, optional
        Standard deviation of the point spread in voxels, in place of the measured one.
    matrix : (float, float), optional
        Grey levels of the material that the objects lie in. By default any that leave dark
        objects no darker than the scan is somewhere; for bright ones, those above the median.
    mask : str or path
        What is the sample, see `tomoseg_tf.volume.open_sample`.
    seed : int
        Seed.

    Returns
    -------
    Insertion
        Objects that the grey levels of the scan have room for.

    Raises
    ------
    ValueError
        If the blur cannot be measured, or no object has room.
    """
    check_kind(kind)
    if contrast is not None and contrast <= 0:
        raise ValueError(f"contrast {contrast:g}: must be above 0; bright says to which side")
    middle = middle_of(scan)
    blur = measure_point_spread(middle) if blur is None else blur
    if blur is None:
        raise ValueError(
            f"{scan.name}: has too few sharp edges to measure its blur; state it in voxels with "
            "--blur"
        )
    low, first, half, last = np.percentile(middle, (0.1, 1, 50, 99))
    size = (last - first) / 2 if contrast is None else contrast
    limits = (-np.inf, np.inf) if scan.dtype.kind == "f" else _limits(scan.dtype)
    rng = np.random.default_rng(seed)
    wanted = {"fraction": fraction, "radius": radius}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    population = replace(draw_population(rng, kind), others=0.0, **wanted)
    bodies = population.draw(rng, (0, 0, 0), scan.shape)
    steps = (1 if bright else -1) * size * bodies.levels
    around = _levels_around(scan, bodies, open_sample(scan, mask))
    matrix = matrix or ((half, np.inf) if bright else (-np.inf, np.inf))
    fits = (around >= matrix[0]) & (around <= matrix[1])
    fits &= (around + steps >= (limits[0] if bright else low)) & (around + steps <= limits[1])
    if not fits.any():
        raise ValueError(
            f"{scan.name}: no object of contrast {size:.4g} has room among its grey levels "
            f"{first:.4g} to {last:.4g}; lower --contrast, or change --matrix"
        )
    bodies = _with_levels(bodies, around + steps).take(np.flatnonzero(fits))
    signed = size if bright else -size
    reach = 2 * population.radius
    return Insertion(bodies, float(signed), float(blur), measure_noise(middle, blur), reach)


def changed_slab(scan, plan, start, stop):
    """Insert objects into some slices of a scan.

    Parameters
    ----------
    scan : Volume
        Grey levels.
    plan : Insertion
        The objects.
    start, stop : int
        First slice, and the slice after the last.

    Returns
    -------
    grey : (stop - start, Y, X) ndarray
        Grey levels, of the type of the scan.
    truth : (stop - start, Y, X) ndarray of uint8
        1 in objects, 255 where the scan itself looks like one or an object reaches out of the
        reconstruction, 0 elsewhere.
    """
    blur = np.sqrt(max(plan.blur**2 - VOXEL, 0.0))
    halo = int(np.ceil(max(4 * blur, 4 * SMOOTH, FAR * plan.reach)))
    first, last = max(0, start - halo), min(scan.shape[0], stop + halo)
    wanted, plane = slice(start - first, stop - first), tuple(scan.shape[1:])
    stored = scan.read(first, last).astype(np.float32)
    good = good_voxels(scan, stored)
    grey = fill_holes(stored, good)
    stored, good = stored[wanted].copy(), good[wanted].copy()  # the rest of them is not kept
    smooth, fine = (_blurred(grey, sigma, wanted) for sigma in (SMOOTH, 1.0))
    difference = (fine - _blurred(grey, plan.reach, wanted, FAR)) * np.sign(plan.contrast)
    alike = difference > ALIKE * abs(plan.contrast)
    grey = grey[wanted].copy()
    levels, classes = paint(plan.bodies, first, last, plane)
    levels, classes = _blurred(levels, blur, wanted), classes[wanted].copy()
    ones = np.ones(len(plan.bodies))
    shares, _ = paint(_with_levels(plan.bodies, ones), first, last, plane)
    shares = _blurred(shares, blur, wanted)
    changed = np.where(good, grey + levels - shares * smooth, stored)
    unknown = np.where(classes == 0, alike & good, ~good)
    truth = np.where(unknown, np.uint8(IGNORE), classes)
    return _as_type(changed, scan.dtype), truth


def _blurred(array, sigma, wanted, truncate=4.0):
    """Blur some slices, of which the others are only seen: along z first, then those alone."""
    along = ndimage.gaussian_filter(array, (sigma, 0, 0), truncate=truncate)[wanted].copy()
    return ndimage.gaussian_filter(along, (0, sigma, sigma), truncate=truncate)


def _levels_around(scan, bodies, sample):
    """Mean grey level at the centre of each object; NaN outside of the sample."""
    levels = np.full(len(bodies), np.nan)
    places = np.floor(bodies.centres).astype(int)
    for start in range(0, scan.shape[0], DEPTH):
        here = np.flatnonzero((places[:, 0] >= start) & (places[:, 0] < start + DEPTH))
        if not len(here):
            continue
        first, stop = max(0, start - 2), min(start + DEPTH + 2, scan.shape[0])
        slab, inside = scan.read(first, stop), inside_of(sample, first, stop)
        for index in here:
            z, y, x = places[index] - (first, 0, 0)
            if inside is None or inside[z, y, x]:
                box = (slice(max(0, at - 2), at + 3) for at in (z, y, x))
                levels[index] = slab[tuple(box)].mean()
    return levels


def _with_levels(bodies, levels):
    """Give bodies other levels."""
    parts = {**vars(bodies), "levels": levels}
    return Bodies(**parts)


def _limits(dtype):
    """Smallest and largest grey level of an integer type."""
    limits = np.iinfo(dtype)
    return limits.min, limits.max


def _as_type(grey, dtype):
    """Round to the type of the scan, within its range."""
    if dtype.kind == "f":
        return grey.astype(dtype)
    return np.clip(np.rint(grey), *_limits(dtype)).astype(dtype)
