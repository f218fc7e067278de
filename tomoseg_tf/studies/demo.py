"""The demonstration: the bundled scan segmented with the bundled weights, and reported."""

import json
from dataclasses import asdict

from tomoseg_tf.bundle import bundled
from tomoseg_tf.evaluation import confusion_matrix, scores, scores_by_radius
from tomoseg_tf.plots import confusion_data, plot_confusion_matrix, plot_panels, save_figure
from tomoseg_tf.prediction import segment_file
from tomoseg_tf.report import write_report
from tomoseg_tf.volume import open_truth, open_volume, staged_folder

WEIGHTS = "unet_3d_micropillar"
CONTENTS = (
    "segmentation.tif",
    "probabilities.tif",
    "panels.png",
    "confusion_matrix.png",
    "confusion_matrix.csv",
    "scores.json",
    "report.html",
)
TITLE = "A simulated micropillar, segmented by unet_3d_micropillar"


def demo(folder, *, command=None, overwrite=False, progress=None):
    """Segment the bundled example scan, evaluate it, and write all results into a folder.

    Parameters
    ----------
    folder : path
        Folder to write: ``segmentation.tif``, ``probabilities.tif``, ``panels.png``,
        ``confusion_matrix.png`` and ``.csv``, ``scores.json`` and ``report.html``, a page of all
        of it.
    command : str, optional
        What was typed, for the report.
    overwrite : bool
        Replace an earlier demonstration, in whose folder nothing else lies.
    progress : callable, optional
        Called as ``progress(done, total)`` in voxels.

    Returns
    -------
    scores : tomoseg_tf.evaluation.Scores
        Scores of the segmentation against the exact truth.
    sizes : tuple of tomoseg_tf.evaluation.SizeScores
        Scores of small, medium and large objects.
    summary : dict
        What `tomoseg_tf.prediction.segment_file` says.
    """
    scan = bundled("example") / "pillar.tif"
    truth = open_truth(bundled("example") / "truth.tif")
    settings = {"overwrite": overwrite, "marker": "scores.json", "contents": CONTENTS}
    with staged_folder(folder, **settings) as staging:
        summary = segment_file(
            scan,
            staging / "segmentation.tif",
            weights=WEIGHTS,
            probabilities=staging / "probabilities.tif",
            progress=progress,
        )
        names = [entry["name"] for entry in summary["classes"]]
        segmentation = open_truth(staging / "segmentation.tif")
        result = scores(confusion_matrix(truth, segmentation), names)
        sizes = scores_by_radius(
            truth.read(0, truth.shape[0]), segmentation.read(0, truth.shape[0])
        )
        axes = plot_panels(open_volume(scan), truth, segmentation)
        save_figure(axes[0].figure, staging / "panels.png")
        figure, data = staging / "confusion_matrix.png", confusion_data(result)
        save_figure(plot_confusion_matrix(result), figure, data=data)
        text = json.dumps(
            {**result.to_dict(), "sizes": [asdict(row) for row in sizes], "segment": summary},
            indent=2,
            allow_nan=False,
        )
        (staging / "scores.json").write_text(text + "\n", encoding="utf-8")
        write_report(
            staging / "report.html",
            segmentation,
            volume=open_volume(scan),
            truth=truth,
            weights=WEIGHTS,
            title=TITLE,
            command=command,
            facts=[("Segmented in", f"{summary['seconds']:.1f} s")],
        )
    return result, sizes, summary
