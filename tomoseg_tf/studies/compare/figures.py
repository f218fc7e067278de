"""The figures of a comparison: confusion matrices, scores and times, and panels of errors."""

import numpy as np

from tomoseg_tf.evaluation import scores
from tomoseg_tf.plots import (
    confusion_data,
    plot_comparison,
    plot_confusion_matrix,
    plot_error_panel,
    save_figure,
)
from tomoseg_tf.studies.compare.measured import measured_folder, read_shown


def draw_figures(comparison, spacing):
    """Draw the figures of a comparison into its folder.

    Parameters
    ----------
    comparison : Comparison
        With a result at least.
    spacing : tuple of float or None
        Size of a voxel along (z, y, x) in µm.
    """
    results, folder = comparison.results, comparison.folder
    for result in results:
        matrix = scores(np.array(result.scores["confusion_matrix"]), comparison.classes)
        path = folder / f"confusion_{result.label}.png"
        axes, data = plot_confusion_matrix(matrix), confusion_data(matrix)
        save_figure(axes, path, overwrite=True, data=data)
    times = [result.training_seconds for result in results]
    axes = plot_comparison(
        [result.label for result in results],
        [None if seconds is None else seconds / 60 for seconds in times],
        [result.seconds_per_slice for result in results],
        [result.of_classes("iou") for result in results],
        [result.miou for result in results],
        comparison.classes,
    )
    save_figure(axes[0], folder / "figure.png", overwrite=True)
    shown = {each.label: read_shown(measured_folder(folder, each.label)) for each in results}
    grey, truth, _ = next(iter(shown.values()))
    found = {label: parts[2] for label, parts in shown.items()}
    axes = plot_error_panel(grey, truth, found, comparison.classes, spacing=spacing)
    save_figure(axes[0, 0], folder / "panel.png", overwrite=True, dpi=200)
