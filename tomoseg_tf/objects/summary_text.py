"""What is printed of objects: a line per class, and what must be said of it."""

from tomoseg_tf.table import aligned


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
    more = (*_radius_lines(summary), *_interval_lines(summary), *_density_lines(summary), sample)
    return "\n".join([aligned(lines, rule=1), left_out, *more])


def _radius_lines(summary):
    """Lines of the mean radius in µm, one for each class with objects."""
    if summary["spacing_um"] is None:
        return []
    return [
        f"Mean radius of class {one['class']}: {_with_error(one, 'mean_radius_um')} µm, standard "
        f"deviation {_with_error(one, 'std_radius_um')} µm"
        for one in summary["classes"][1:]
        if one["count"]
    ]


def _density_lines(summary):
    """Line of the number density."""
    if not summary["count"]:
        return []
    name, unit = "number_density_per_voxel", "voxel"
    if summary["spacing_um"] is not None:
        name, unit = "number_density_per_um3", "µm³"
    corrected, plain = (_with_error(summary, one) for one in (name, f"plain_{name}"))
    return [
        f"Number density: {corrected} per {unit} after Miles and Lantuéjoul, if objects are "
        f"everywhere in the sample alike; {plain} as counted"
    ]


def _interval_lines(summary):
    """Lines of the confidence interval of the mean radius, one for each class."""
    lines = []
    for one in summary["classes"][1:]:
        found = one.get("intervals", {}).get("mean_radius_voxels")
        if found is None:
            continue
        share, over = 100 * summary["bootstrap"]["confidence"], summary["bootstrap"]["over"]
        low, high = (f"{end:.4g}" for end in found)
        lines.append(
            f"Mean radius of class {one['class']}: {low} to {high} voxels with "
            f"{share:g} % confidence, by bootstrap over {over}"
        )
    return lines


def _with_error(one, name):
    """Text of a value with its error; a dash where there is none."""
    if one[name] is None:
        return "-"
    error = one.get("errors", {}).get(name)
    return f"{one[name]:.4g}" if error is None else f"{one[name]:.4g} ± {error:.2g}"
