"""Size distributions: numbers per volume in ranges of radius, large objects not put at a loss."""

import numpy as np


def size_distribution(objects, edges, *, object_class=None):
    """Count objects per volume by their equivalent radius.

    Objects that touch a face, or the edge of a mask, are in no range; the others count with their
    `edge_weight`, after Miles and Lantuéjoul, so that large ones are not too rare.

    Parameters
    ----------
    objects : Objects
        As `measure_objects` gives them.
    edges : (K + 1,) array_like of float
        Radii between the ranges, rising: in µm where the spacing is known, else in voxels.
    object_class : int, optional
        Class of the objects; all by default.

    Returns
    -------
    counts : (K,) ndarray of int64
        Objects that were seen, `low <= radius < high`, the last range with its upper end.
    densities : (K,) ndarray of float64
        Numbers per µm³, or per voxel.

    Raises
    ------
    ValueError
        If the edges do not rise.
    """
    edges = np.asarray(edges, float)
    if len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise ValueError(f"edges {edges.tolist()}: at least two radii, each above the one before")
    columns = objects.columns
    unit = "voxels" if objects.spacing is None else "um"
    weights = columns["edge_weight"]
    chosen = np.isfinite(weights)
    if object_class is not None:
        chosen &= columns["class"] == object_class
    radii = columns[f"equivalent_radius_{unit}"][chosen]
    volume = objects.blocks.sample.sum() * np.prod(objects.spacing or (1.0, 1.0, 1.0))
    counts, _ = np.histogram(radii, edges)
    weighted, _ = np.histogram(radii, edges, weights=weights[chosen])
    return counts, weighted / volume
