"""Figures: each function draws into an Axes, a new one unless given, and returns it."""

from tomoseg_tf.plots.choosing import choose_slices
from tomoseg_tf.plots.comparison import plot_comparison
from tomoseg_tf.plots.confusion import plot_confusion_matrix
from tomoseg_tf.plots.error_panel import error_image, plot_error_panel
from tomoseg_tf.plots.figure import check_figure, new_axes, save_figure
from tomoseg_tf.plots.hit_map import HIT_COLOURS, hit_map, plot_hit_map
from tomoseg_tf.plots.overlay import OVERLAY_COLOURS, check_planes, overlay_image, plot_overlay
from tomoseg_tf.plots.panels import busiest_slice, plot_panels
from tomoseg_tf.plots.preview import Preview, plot_preview
from tomoseg_tf.plots.search import plot_parameters, plot_values
from tomoseg_tf.plots.slices import plot_classes, plot_slice, scale_bar

__all__ = [
    "HIT_COLOURS",
    "OVERLAY_COLOURS",
    "Preview",
    "busiest_slice",
    "check_figure",
    "check_planes",
    "choose_slices",
    "error_image",
    "hit_map",
    "new_axes",
    "overlay_image",
    "plot_classes",
    "plot_comparison",
    "plot_confusion_matrix",
    "plot_error_panel",
    "plot_hit_map",
    "plot_overlay",
    "plot_panels",
    "plot_parameters",
    "plot_preview",
    "plot_slice",
    "plot_values",
    "save_figure",
    "scale_bar",
]
