"""Figures: each function draws into an Axes, a new one unless given, and returns it."""

from tomoseg_tf.plots.confusion import plot_confusion_matrix
from tomoseg_tf.plots.figure import check_figure, new_axes, save_figure
from tomoseg_tf.plots.hit_map import HIT_COLOURS, hit_map, plot_hit_map
from tomoseg_tf.plots.panels import busiest_slice, plot_panels
from tomoseg_tf.plots.preview import Preview, plot_preview
from tomoseg_tf.plots.slices import plot_classes, plot_slice, scale_bar

__all__ = [
    "HIT_COLOURS",
    "Preview",
    "busiest_slice",
    "check_figure",
    "hit_map",
    "new_axes",
    "plot_classes",
    "plot_confusion_matrix",
    "plot_hit_map",
    "plot_panels",
    "plot_preview",
    "plot_slice",
    "save_figure",
    "scale_bar",
]
