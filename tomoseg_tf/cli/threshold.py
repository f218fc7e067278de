"""``tomoseg-tf threshold``: the best threshold of probabilities, and how far they are true."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options
from tomoseg_tf.table import aligned

SCORES = ("dice", "iou", "precision", "recall")


@click.command(short_help="Choose the threshold of probabilities by a score.")
@click.argument("truth", type=options.VOLUME)
@click.argument("probabilities", type=options.VOLUME, nargs=-1, required=True)
@click.option(
    "--best",
    "by",
    default="dice",
    show_default=True,
    metavar="SCORE",
    help="What the threshold shall make large: dice, iou, an F-score such as f2 (recall counts "
    "twice as much), the recall where precision=0.9 at least, or the precision where recall=0.95 "
    "at least. Of equally good ones the nearest to 0.5, the lower of two.",
)
@click.option(
    "--class",
    "object_class",
    type=click.IntRange(0, 254),
    metavar="N",
    help="Class that PROBABILITIES are of.  [default: 1, if the truth has no higher one]",
)
@click.option(
    "--more",
    type=(options.VOLUME, options.VOLUME),
    multiple=True,
    metavar="TRUTH PROBABILITIES",
    help="Count the voxels of another volume, too; may be repeated.",
)
@options.palette
@click.option(
    "--figure",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw scores by threshold, precision by recall and calibration into FILE (.png, .pdf, "
    ".svg, ...); their data go beside it as CSV.",
)
@click.option(
    "-w",
    "--weights",
    metavar="FOLDER",
    help="Store the threshold in this weights folder, so that segment takes it from then on.",
)
@options.overwrite
@options.as_json
def threshold(
    truth, probabilities, by, object_class, more, palette, figure, weights, overwrite, as_json
):
    """Choose the best threshold of PROBABILITIES, as segment --probabilities writes them, by TRUTH.

    Prints the scores there and at 0.5, the average precision (the area under precision by recall),
    the ROC AUC, and the calibration: the Brier score, and the expected calibration error, ECE, the
    mean of what is off between probability and share of objects. Float probabilities are counted
    in 65,536 ranges, grey levels one by one. Of several files, the first is of class 0 and so on:
    they get a line each, but for classes that TRUTH lacks.

    \b
    Examples:
      tomoseg-tf threshold truth.tif p.tif --figure curves.pdf
      tomoseg-tf threshold truth.tif p.tif --best precision=0.9 --weights my_weights
      tomoseg-tf threshold truth_1.tif p_1.tif --more truth_2.tif p_2.tif
      tomoseg-tf threshold truth.tif p_background.tif p_pore.tif p_carbide.tif
    """
    _check(truth, probabilities, object_class, more, weights, figure, overwrite)
    from tomoseg_tf.evaluation.threshold import calibration, check_score, open_pair
    from tomoseg_tf.volume import check_senses, open_truth

    check_score(by)
    classes, several = open_truth(truth, palette), len(probabilities) > 1
    firsts = [open_pair(classes, path) for path in probabilities]
    others = [open_pair(open_truth(one, palette), other) for one, other in more]
    check_senses([classes, *(one for one, _ in others)])
    curves = _count_classes(firsts) if several else {"": _count([*firsts, *others], object_class)}
    for one in (classes, *(one for one, _ in others)):
        for notice in one.named_notices():
            options.notify(notice)
    results = [_result(curve, by) for curve in curves.values()]
    _notify(curves, results)
    if not as_json:
        click.echo(_table(results))  # first, whatever happens to the files
    if figure is not None:
        reliability = {name: calibration(curve.counts) for name, curve in curves.items()}
        _draw(curves, reliability, None if several else results[0]["best"], figure, overwrite)
    if weights is not None:
        truths = ", ".join(str(one.name) for one in (classes, *(one for one, _ in others)))
        results[0]["weights"] = _store(weights, results[0], curves[""], truths)
    if as_json:
        click.echo(json.dumps({"classes": results} if several else results[0], allow_nan=False))


def _check(truth, probabilities, object_class, more, weights, figure, overwrite):
    """Refuse what does not go together, and outputs that cannot be written, before any work."""
    if len(probabilities) > 1 and object_class is not None:
        raise click.UsageError("--class is for one file; several are of the classes 0, 1, ...")
    if len(probabilities) > 1 and more:
        raise click.UsageError("--more adds volumes with one file of probabilities each")
    if len(probabilities) > 1 and weights is not None:
        raise click.UsageError("--weights stores the threshold of one file of binary weights")
    if weights is not None:
        from tomoseg_tf.evaluation.threshold import check_own_weights

        check_own_weights(weights)
    if figure is not None:
        from tomoseg_tf.plots import check_figure, data_path
        from tomoseg_tf.volume import check_apart

        check_figure(figure, overwrite, data=True)
        inputs = (truth, *probabilities, *(path for pair in more for path in pair))
        check_apart([figure, data_path(figure)], inputs)


def _count(pairs, object_class, both=True):
    """Count volumes together, with a bar."""
    from tomoseg_tf.evaluation.threshold import ThresholdCurve, count_volumes

    with options.progress("Counting") as progress:
        settings = {"object_class": object_class, "both": both, "progress": progress}
        return ThresholdCurve(count_volumes(pairs, **settings))


def _count_classes(pairs):
    """Count each class of a truth by name; one that tells nothing is left out."""
    curves = {}
    for index, pair in enumerate(pairs):
        curve = _count([pair], index, both=False)
        if 0 < curve.counts.objects < curve.counts.voxels:
            curves[f"class {index}"] = curve
            continue
        missing = "of another class" if curve.counts.objects else "of it"
        options.notify(f"{pair[1].name}: class {index} left out; the truth has no voxel {missing}")
    if not curves:
        raise ValueError(
            f"truth {pairs[0][0].name}: none of the {len(pairs)} classes has voxels beside others "
            "that count; choose another part"
        )
    return curves


def _result(curve, by):
    """Collect all that is told of one class, as plain values."""
    from tomoseg_tf.evaluation.threshold import average_precision, calibration, roc_auc

    counts = curve.counts
    return {
        "probabilities": counts.name,
        "class": counts.object_class,
        "voxels": counts.voxels,
        "object_voxels": counts.objects,
        "levels": len(counts.thresholds),
        "best": curve.best(by),
        "usual": curve.at(0.5),
        "average_precision": average_precision(counts),
        "roc_auc": roc_auc(counts),
        **calibration(counts).to_dict(),
    }


def _notify(curves, results):
    """Say what a user should know of the probabilities."""
    for curve, result in zip(curves.values(), results, strict=True):
        name, outside = curve.counts.name, curve.counts.outside
        if outside:
            options.notify(f"{name}: {outside:,} values beyond 0 and 1 count as these")
        if result["roc_auc"] < 0.5:
            options.notify(
                f"{name}: class {result['class']} has lower probabilities than the rest; are the "
                "files in the order of the classes?"
            )


def _draw(curves, reliability, best, figure, overwrite):
    """Draw the figure, with its data."""
    from tomoseg_tf.plots import plot_threshold, save_figure, threshold_data

    axes = plot_threshold(curves, reliability, best=best)
    save_figure(axes[0], figure, overwrite, data=threshold_data(curves, reliability))


def _store(weights, result, curve, truth):
    """Store the threshold; say what it was before."""
    from tomoseg_tf.evaluation.threshold import store_threshold

    before = store_threshold(weights, result["best"], curve.counts, truth=truth)
    options.notify(
        f"{weights}: threshold {result['best']['threshold']:.6g} stored, it was {before:.6g}; "
        "segment takes it by default"
    )
    return {"folder": str(weights), "threshold_before": before}


def _table(results):
    """Scores at the best threshold and at 0.5, then what has no threshold."""
    head = ("Class", "Threshold", "", "Dice", "IoU", "Precision", "Recall")
    rows = []
    for result in results:
        for key, why in (("best", f"best {result['best']['by']}"), ("usual", "usual")):
            found = result[key]
            shown = ["-" if found[name] is None else f"{found[name]:.4f}" for name in SCORES]
            rows.append((str(result["class"]), f"{found['threshold']:.6g}", why, *shown))
    head_2 = ("Class", "Object voxels", "Average precision", "ROC AUC", "Brier score", "ECE")
    names = ("average_precision", "roc_auc", "brier_score", "expected_calibration_error")
    rows_2 = [
        (
            str(result["class"]),
            f"{result['object_voxels']:,}",
            *(f"{result[name]:.4g}" for name in names),
        )
        for result in results
    ]
    tables = [aligned([head, *rows], left=(0, 2), rule=1), aligned([head_2, *rows_2], rule=1)]
    return "\n\n".join(tables)
