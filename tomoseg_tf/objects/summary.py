"""What a study tells of its objects: numbers, means and errors, by class and of all."""

import math

import numpy as np

from tomoseg_tf.objects.places import random_neighbour_distance
from tomoseg_tf.objects.resampling import (
    CONFIDENCE,
    check_bootstrap,
    confidence_interval,
    draw_values,
    standard_error,
)

REPLICATES = 200
OF_OBJECTS = ("mean", "std")  # values begin so that are of objects, and not of a volume


def summarise(objects, *, replicates=REPLICATES, over="blocks", confidence=CONFIDENCE, seed=0):
    """Sum up a table of objects by class.

    Volume fractions are of all voxels of a class, whatever objects were left out, over those of
    the sample. Number densities and the mean radius called corrected weigh the whole objects after
    Miles and Lantuéjoul, see `edge_weights` and, in a mask, `mask_weights`; they take objects to be
    everywhere in the sample alike. Plain number densities are objects of the table over the
    volume. Each error is the standard deviation
    over as many draws of blocks of the volume, see `bootstrap`, and each interval holds the middle
    of them. Blocks keep what lies together; objects, drawn one by one, are taken as independent,
    and tell of means and standard deviations only, not of numbers per volume.

    Parameters
    ----------
    objects : Objects
        As `measure_objects` gives them.
    replicates : int
        Draws for the errors; 0 for no errors.
    over : {"blocks", "objects"}
        What is drawn.
    confidence : float
        Share of the draws in an interval.
    seed : int
        Seed of the draws.

    Returns
    -------
    dict
        Values over all classes above 0, their ``errors`` and ``intervals``, the settings, and
        ``classes`` with the same by class, background first; None for what is not defined.

    Raises
    ------
    ValueError
        If a setting is none.
    """
    check_bootstrap(replicates, over, confidence)
    bootstrap = {"replicates": replicates, "over": over, "confidence": confidence}
    settings = {**bootstrap, "seed": seed}
    voxels = objects.blocks.classes.sum(axis=0)
    present = max(1, int(np.flatnonzero(voxels).max(initial=0)))
    above = tuple(range(1, len(voxels)))
    total = _class_summary(objects, above, **settings)
    classes = [
        {"class": index, **_class_summary(objects, (index,), **settings)}
        for index in range(1, present + 1)
    ]
    background = dict.fromkeys(total) | _background(objects, total)
    return {
        **total,
        "classes": [{"class": 0, **background}, *classes],
        "shape": list(objects.shape),
        "spacing_um": None if objects.spacing is None else list(objects.spacing),
        "sample": objects.sample or "box",
        "sample_voxels": int(objects.blocks.sample.sum()),
        "connectivity": objects.connectivity,
        "min_voxels": objects.min_voxels,
        "keep_border": objects.keep_border,
        "bootstrap": bootstrap if replicates else None,
    }


def _class_summary(objects, classes, *, replicates, over, confidence, seed):
    """Values of the objects of some classes, and their errors."""
    terms, chosen = _terms(objects, classes)
    sums = _block_sums(objects, classes, terms, chosen)
    scale = None if objects.spacing is None else float(np.prod(objects.spacing))
    corrected = "edge_weight" in objects.columns
    values = _statistics(sums.sum(axis=0, keepdims=True), scale, corrected)
    found = {"count": int(sums[:, 0].sum()), "voxels": int(sums[:, -2].sum())}
    found |= {name: _defined(value[0]) for name, value in values.items()}
    if found["count"] and not terms[:, -2].any():  # all are cut: nothing to weigh
        found |= {name: None for name in found if name.startswith("number_density")}
    found |= _mean_distances(objects, classes, found)
    found["excluded_small"] = sum(objects.small.get(index, 0) for index in classes)
    found["excluded_border"] = sum(objects.cut.get(index, 0) for index in classes)
    if replicates:
        rows = sums if over == "blocks" else np.pad(terms, ((0, 0), (0, 2)))
        drawn = draw_values(
            lambda sums: _statistics(sums, scale, corrected), rows, replicates=replicates, seed=seed
        )
        found |= _errors(drawn, over, confidence)
    return found


def _errors(drawn, over, confidence):
    """Errors and intervals of values that were drawn."""
    if over == "objects":
        drawn = {name: one for name, one in drawn.items() if name.startswith(OF_OBJECTS)}
    ends = {name: confidence_interval(one, confidence) for name, one in drawn.items()}
    return {
        "errors": {name: _defined(standard_error(one)) for name, one in drawn.items()},
        "intervals": {name: _defined_range(pair) for name, pair in ends.items()},
    }


def _background(objects, total):
    """Entries of class 0 that are defined, which has no objects."""
    sample = int(objects.blocks.sample.sum())
    voxels = sample - total["voxels"]
    return {"voxels": voxels, "volume_fraction": voxels / sample if sample else None}


def _terms(objects, classes):
    """(N, 8) terms by object, and which of all objects these are."""
    columns = objects.columns
    chosen = np.isin(columns["class"], classes)
    radius = columns["equivalent_radius_voxels"][chosen]
    weight = np.nan_to_num(columns["edge_weight"][chosen])
    terms = (np.ones(len(radius)), radius, radius**2, columns["sphericity"][chosen])
    terms += (columns["sphericity_crofton"][chosen], columns["sphericity_mesh"][chosen])
    return np.stack([*terms, weight, weight * radius], axis=1), chosen


def _block_sums(objects, classes, terms, chosen):
    """(B, 10) sums by block, of which all values are made."""
    columns, blocks = objects.columns, objects.blocks
    places = blocks.block_of(*(columns[f"centroid_{name}"][chosen] for name in "zyx"))
    sums = [np.bincount(places, term, len(blocks.sample)) for term in terms.T]
    voxels = blocks.classes[:, list(classes)].sum(axis=1)
    return np.stack([*sums, voxels, blocks.sample], axis=1).astype(float)


def _statistics(sums, scale, corrected):
    """Values of (R, 10) sums; NaN for what is not defined."""
    count, radius, squares, faces, crofton, mesh, weight, weighted, voxels, sample = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = radius / count
        density = (weight if corrected else count) / sample
        values = {
            "mean_radius_voxels": mean,
            "std_radius_voxels": np.sqrt(np.maximum(squares / count - mean**2, 0)),
            "mean_sphericity": faces / count,
            "mean_sphericity_crofton": crofton / count,
            "mean_sphericity_mesh": mesh / count,
            "volume_fraction": voxels / sample,
            "number_density_per_voxel": density,
            "plain_number_density_per_voxel": count / sample,
        }
        if corrected:
            values["mean_radius_corrected_voxels"] = weighted / weight
        if scale is not None:
            values["mean_radius_um"] = mean * np.cbrt(scale)
            values["std_radius_um"] = values["std_radius_voxels"] * np.cbrt(scale)
            values["number_density_per_um3"] = density / scale
            values["plain_number_density_per_um3"] = count / sample / scale
    return values


def _mean_distances(objects, classes, values):
    """Mean distance to the nearest neighbour, and what it is for places at random."""
    found = {}
    for unit, density in (("voxels", "per_voxel"), ("um", "per_um3")):
        column = objects.columns.get(f"nearest_neighbour_{unit}")
        if column is None:
            continue
        chosen = np.isin(objects.columns["class"], classes)
        distances, alone = column[chosen], len(np.unique(objects.columns["class"][chosen])) == 1
        distances = distances[np.isfinite(distances)]
        mean = distances.mean() if len(distances) else math.nan
        found[f"mean_nearest_neighbour_{unit}"] = _defined(mean)
        rate = values[f"number_density_{density}"]
        random = random_neighbour_distance(rate) if rate and alone else math.nan
        found[f"random_nearest_neighbour_{unit}"] = _defined(random)
    return found


def _defined(value):
    """Take a number for JSON; None where it is not finite."""
    return float(value) if math.isfinite(value) else None


def _defined_range(ends):
    """Take a range for JSON; None where it is not finite."""
    return list(ends) if all(map(math.isfinite, ends)) else None
