"""``tomoseg-tf evaluate``: the scores of a segmentation against the truth."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import evaluate_outputs, object_options, options

_LARGE = 2**30  # voxels whose boundaries take minutes


@click.command(short_help="Compare a segmentation with the truth.")
@click.argument("truth", type=options.VOLUME)
@click.argument("segmentation", type=options.VOLUME)
@options.palette
@click.option(
    "--segmentation-palette",
    default="auto",
    show_default=True,
    metavar="NAME|V:C,...",
    help="The same for the values of the segmentation.",
)
@click.option(
    "--names", metavar="A,B,...", help="Names of the classes, one each, background first."
)
@click.option(
    "--num-classes",
    type=click.IntRange(2, 255),
    help="Number of classes with the background.  [default: that of the names, or what occurs]",
)
@click.option(
    "--second-truth",
    is_flag=True,
    help="SEGMENTATION is the truth of a second operator: what it ignores (255) is left out, too.",
)
@click.option(
    "--boundary",
    type=click.Choice(["slice", "volume"]),
    default="slice",
    show_default=True,
    help="Boundary scores as means over the z-slices, or from distances in 3D.",
)
@click.option("--no-boundary", is_flag=True, help="Leave the boundary scores out, which is faster.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=4,
    show_default=True,
    metavar="VOXELS",
    help="Distance up to which a boundary counts as found in BF1.",
)
@options.spacing
@click.option(
    "--objects",
    type=click.Path(path_type=Path),
    metavar="TABLE",
    help="Match the objects of both and write those matched, missed and found (.csv, .parquet).",
)
@object_options.matching
@click.option(
    "--figure",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw the confusion matrix into FILE (.png, .pdf, .svg, ...).",
)
@click.option(
    "--overlay",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw an xy and an xz plane into FILE: false positives green, false negatives pink.",
)
@click.option(
    "--planes",
    type=options.Numbers(int, count=2, minimum=0),
    metavar="Z,Y",
    help="Slice and row of the overlay.  [default: those with most objects]",
)
@click.option(
    "--overlay-class",
    type=click.IntRange(0, 254),
    metavar="CLASS",
    help="Class of the overlay, against all others.  [default: all objects against class 0]",
)
@options.overwrite
@options.as_json
def evaluate(
    truth,
    segmentation,
    palette,
    segmentation_palette,
    names,
    num_classes,
    second_truth,
    boundary,
    no_boundary,
    tolerance,
    spacing,
    objects,
    figure,
    overlay,
    planes,
    overlay_class,
    overwrite,
    as_json,
    **matching,
):
    """Compare SEGMENTATION with TRUTH by voxels, by boundaries and, with --objects, by objects.

    Prints the confusion matrix, in voxels and as shares of each true class, accuracy, mean IoU
    and each class's IoU, Dice, recall and precision; and of its boundary BF1, the share of both
    that is within the tolerance of the other, and the distances between them: BDE, the mean of the
    two mean distances, ASSD, the mean over both, and HD95, the larger 95th percentile, in voxels
    and, if the spacing is known, in µm; and how often the class changes from slice to slice and
    within slices, against the truth. Voxels that the truth ignores (255) are left out; they belong
    to no boundary and to no object and make none.

    With --objects also the detection of objects, by class and by radius, and how much larger and
    rounder they are than the true ones. Filters are the same for both: an object counts only if
    neither it nor its partner is too small or touches a face.

    \b
    Examples:
      tomoseg-tf evaluate truth.tif segmentation.tif --overlay errors.png
      tomoseg-tf evaluate truth.tif segmentation.tif --objects objects.csv --overlap 0.3
    """
    evaluate_outputs.check_outputs((figure, overlay), objects, overwrite, (truth, segmentation))
    from tomoseg_tf.evaluation import check_tolerance, class_changes, confusion_matrix, scores

    check_tolerance(tolerance)
    names, num_classes = _parse_names(names, num_classes)
    pair = _open_pair((truth, segmentation), (palette, segmentation_palette), second_truth)
    if overlay is not None and planes is not None:
        from tomoseg_tf.plots import check_planes

        check_planes(pair[0].shape, *planes)
    with options.progress("Comparing") as progress:
        matrix = confusion_matrix(
            *pair, num_classes=num_classes, second_truth=second_truth, progress=progress
        )
    result, edges, changes, detected = scores(matrix, names), None, None, None
    if not no_boundary or objects is not None:
        _check_spacings(pair, spacing)
    if not no_boundary:
        edges = _score_boundaries(pair, len(matrix), boundary, tolerance, spacing)
        changes = class_changes(*pair)
    if objects is not None:
        detected = evaluate_outputs.write_objects(
            pair, objects, overwrite, spacing=spacing, **matching
        )
    ignored = _notify(pair, matrix, second_truth)
    _draw(result, pair, figure, overlay, planes, overlay_class, spacing, overwrite)
    if as_json:
        totals = {"voxels": int(matrix.sum()), "ignored": ignored}
        found = _as_dict(result, edges, changes, detected, totals)
        click.echo(json.dumps(found, allow_nan=False))
    else:
        click.echo(_as_text(result, edges, changes, detected))


def _parse_names(names, num_classes):
    """Give the names of the classes and how many there are, each None where it is open."""
    if names is None:
        return None, num_classes
    from tomoseg_tf.evaluation import class_names

    names = [name.strip() for name in names.split(",")]
    num_classes = num_classes or max(2, len(names))
    class_names(num_classes, names)
    return names, num_classes


def _open_pair(paths, palettes, second_truth):
    """Open the truth and the segmentation."""
    from tomoseg_tf.volume import check_senses, open_truth

    pair = tuple(map(open_truth, paths, palettes))
    if second_truth:
        check_senses(pair)
    return pair


def _score_boundaries(pair, num_classes, boundary, tolerance, spacing):
    """Score the boundaries, with a bar; say so ahead where it takes minutes."""
    from tomoseg_tf.evaluation import boundary_scores

    if pair[0].voxels > _LARGE:
        options.notify(
            f"Measuring the boundaries of {pair[0].voxels:,} voxels; --no-boundary leaves them out"
        )
    with options.progress("Measuring boundaries") as progress:
        return boundary_scores(
            *pair,
            num_classes=num_classes,
            boundary=boundary,
            tolerance=tolerance,
            spacing=spacing,
            progress=progress,
        )


def _check_spacings(pair, spacing):
    """Say which spacing is taken where the volumes differ by more than rounding."""
    first, second = (volume.spacing for volume in pair)
    if spacing is not None or not first or not second:
        return
    if any(abs(a - b) > 1e-3 * a for a, b in zip(first, second, strict=True)):
        options.notify(
            f"{pair[1].name}: spacing {second}, but {pair[0].name} has {first}, which is taken"
        )


def _notify(pair, matrix, second_truth):
    """Say how the volumes were read and how many voxels are ignored; return their number."""
    for volume in pair:
        for notice in volume.named_notices():
            options.notify(notice)
    ignored = pair[0].voxels - int(matrix.sum())
    if ignored:
        count = f"{ignored:,} of {pair[0].voxels:,} voxels are ignored"
        options.notify(f"{count} in either" if second_truth else f"{pair[0].name}: {count}")
    return ignored


def _draw(result, pair, figure, overlay, planes, overlay_class, spacing, overwrite):
    """Draw the figures that were asked for."""
    if figure is not None:
        from tomoseg_tf.plots import confusion_data, plot_confusion_matrix, save_figure

        data = confusion_data(result)
        save_figure(plot_confusion_matrix(result), figure, overwrite, data=data)
    if overlay is not None:
        from tomoseg_tf.plots import plot_overlay, save_figure

        z, y = planes or (None, None)
        axes = plot_overlay(*pair, z=z, y=y, object_class=overlay_class, spacing=spacing)
        save_figure(axes[0], overlay, overwrite)


def _as_dict(result, edges, changes, detected, totals):
    """Scores for JSON, each class with those of its boundary, and the totals in voxels."""
    found = result.to_dict()
    if edges is not None:
        for one, more in zip(found["classes"], edges.class_dicts(), strict=True):
            one.update(more)
        found["boundary"] = edges.to_dict()
        found["changes"] = changes.to_dict()
    found |= totals
    if detected is not None:
        found["objects"] = detected
    return found


def _as_text(result, edges, changes, detected):
    """Tables of the scores."""
    from tomoseg_tf.evaluation import boundary_table, detection_table

    parts = [result.table()]
    if edges is not None:
        parts += [boundary_table(edges, result.names), changes.line()]
    if detected is not None:
        parts.append(detection_table(detected))
    return "\n\n".join(parts)
