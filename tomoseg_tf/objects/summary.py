"""What a study prints of its objects: numbers, means and errors, by class and of all."""

import math

import numpy as np

from tomoseg_tf.objects.blocks import bootstrap
from tomoseg_tf.objects.places import random_neighbour_distance
from tomoseg_tf.table import aligned

REPLICATES = 200


def summarise(objects, *, replicates=REPLICATES, seed=0):
    """Sum up a table of objects by class.

    Volume fractions are of all voxels of a class, whatever objects were left out, over those of
    the sample. Where that is the whole box, number densities and the mean radius called corrected
    weigh the objects that touch no face after Miles and Lantuéjoul, see `edge_weights`; in a mask
    the density is the plain number over its volume. Each error is the standard deviation
    over as many draws of blocks of the volume, see `bootstrap`.

    Parameters
    ----------
    objects : Objects
        As `measure_objects` gives them.
    replicates : int
        Draws for the errors; 0 for no errors.
    seed : int
        Seed of the draws.

    Returns
    -------
    dict
        Values over all classes above 0, their ``errors``, the settings, and ``classes`` with the
        same by class, background first; None for what is not defined.
    """
    voxels = objects.blocks.classes.sum(axis=0)
    present = max(1, int(np.flatnonzero(voxels).max(initial=0)))
    above = tuple(range(1, len(voxels)))
    total = _class_summary(objects, above, replicates, seed)
    classes = [
        {"class": index, **_class_summary(objects, (index,), replicates, seed)}
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
    }


def summary_table(summary):
    """Text of `summarise`, a line per class above 0 as in Table 1 of Gaudez et al. (2022).

    Parameters
    ----------
    summary : dict
        What to print.

    Returns
    -------
    str
        Lines without a line break at the end.
    """
    head = ["Class", "Objects", "Mean radius (voxels)", "Standard deviation", "Sphericity"]
    lines = [[*head, "by Crofton", "of the mesh", "Volume fraction"]]
    for one in summary["classes"][1:]:
        names = ("mean_radius_voxels", "std_radius_voxels", "mean_sphericity")
        names += ("mean_sphericity_crofton", "mean_sphericity_mesh", "volume_fraction")
        cells = [_with_error(one, name) for name in names]
        lines.append([str(one["class"]), f"{one['count']:,}", *cells])
    small, cut = summary["excluded_small"], summary["excluded_border"]
    where = "the whole box" if summary["sample"] == "box" else f"the mask {summary['sample']}"
    sample = f"Sample: {where}, {summary['sample_voxels']:,} voxels"
    left_out = (
        f"Left out: {small:,} objects below {summary['min_voxels']} voxels, "
        f"{cut:,} that touch a face of the volume"
    )
    return "\n".join([aligned(lines, rule=1), left_out, *_density_lines(summary), sample])


def _class_summary(objects, classes, replicates, seed):
    """Values of the objects of some classes, and their errors."""
    sums = _block_sums(objects, classes)
    scale = None if objects.spacing is None else float(np.prod(objects.spacing))
    corrected = objects.sample is None
    values = _statistics(sums.sum(axis=0, keepdims=True), scale, corrected)
    found = {"count": int(sums[:, 0].sum()), "voxels": int(sums[:, -2].sum())}
    found |= {name: _defined(value[0]) for name, value in values.items()}
    found |= _mean_distances(objects, classes, found)
    found["excluded_small"] = sum(objects.small.get(index, 0) for index in classes)
    found["excluded_border"] = sum(objects.cut.get(index, 0) for index in classes)
    if replicates:
        errors = bootstrap(
            lambda drawn: _statistics(drawn, scale, corrected),
            sums,
            replicates=replicates,
            seed=seed,
        )
        found["errors"] = {name: _defined(value) for name, value in errors.items()}
    return found


def _background(objects, total):
    """Entries of class 0 that are defined, which has no objects."""
    sample = int(objects.blocks.sample.sum())
    voxels = sample - total["voxels"]
    return {"voxels": voxels, "volume_fraction": voxels / sample if sample else None}


def _block_sums(objects, classes):
    """(B, 10) sums by block, of which all values are made."""
    columns, blocks = objects.columns, objects.blocks
    chosen = np.isin(columns["class"], classes)
    radius = columns["equivalent_radius_voxels"][chosen]
    weight = np.zeros(len(radius))
    if "edge_weight" in columns:
        weight = np.nan_to_num(columns["edge_weight"][chosen])
    terms = (np.ones(len(radius)), radius, radius**2, columns["sphericity"][chosen])
    terms += (columns["sphericity_crofton"][chosen], columns["sphericity_mesh"][chosen])
    terms += (weight, weight * radius)
    places = blocks.block_of(*(columns[f"centroid_{name}"][chosen] for name in "zyx"))
    sums = [np.bincount(places, term, len(blocks.sample)) for term in terms]
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
        }
        if corrected:
            values["mean_radius_corrected_voxels"] = weighted / weight
        if scale is not None:
            values["mean_radius_um"] = mean * np.cbrt(scale)
            values["std_radius_um"] = values["std_radius_voxels"] * np.cbrt(scale)
            values["number_density_per_um3"] = density / scale
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


def _density_lines(summary):
    """Line of number densities, with the way they were found."""
    if not summary["count"]:
        return []
    name, unit = "number_density_per_voxel", "voxel"
    if summary["spacing_um"] is not None:
        name, unit = "number_density_per_um3", "µm³"
    how = "after Miles and Lantuéjoul" if summary["sample"] == "box" else "not corrected for edges"
    return [f"Number density: {_with_error(summary, name)} per {unit}, {how}"]


def _with_error(one, name):
    """Text of a value with its error; a dash where there is none."""
    if one[name] is None:
        return "-"
    error = one.get("errors", {}).get(name)
    return f"{one[name]:.4g}" if error is None else f"{one[name]:.4g} ± {error:.2g}"


def _defined(value):
    """Take a number for JSON; None where it is not finite."""
    return float(value) if math.isfinite(value) else None
