"""Figures: each function draws into an Axes, a new one unless given, and returns it."""

from tomoseg_tf.plots.calibration import (
    calibration_data,
    curve_data,
    plot_calibration,
    plot_threshold,
    threshold_data,
)
from tomoseg_tf.plots.choosing import choose_slices
from tomoseg_tf.plots.comparison import plot_comparison
from tomoseg_tf.plots.confusion import confusion_data, plot_confusion_matrix
from tomoseg_tf.plots.data_file import data_path, format_data
from tomoseg_tf.plots.detection import detection_data, plot_detection, size_label
from tomoseg_tf.plots.error_panel import error_image, plot_error_panel
from tomoseg_tf.plots.figure import check_figure, figure_size, new_axes, save_figure
from tomoseg_tf.plots.grey import grey_data, plot_grey_histograms
from tomoseg_tf.plots.grey_counting import GreyHistograms, class_histograms
from tomoseg_tf.plots.history import read_history
from tomoseg_tf.plots.hit_map import HIT_COLOURS, hit_map, plot_hit_map
from tomoseg_tf.plots.learning import draw_learning, learning_data, plot_learning_curves
from tomoseg_tf.plots.overlay import OVERLAY_COLOURS, check_planes, overlay_image, plot_overlay
from tomoseg_tf.plots.panels import busiest_slice, check_shapes, hit_data, plot_panels
from tomoseg_tf.plots.planes import busiest_plane
from tomoseg_tf.plots.precision_recall import plot_precision_recall, plot_threshold_scores
from tomoseg_tf.plots.preview import Preview, plot_preview
from tomoseg_tf.plots.profiles import plot_profiles, profile_data
from tomoseg_tf.plots.rendering import plot_rendering, rendered_surfaces, rendering_data
from tomoseg_tf.plots.review import plot_sheet, thumbnail
from tomoseg_tf.plots.review_folder import write_review
from tomoseg_tf.plots.score_table import read_scores
from tomoseg_tf.plots.scores import plot_scores, score_data
from tomoseg_tf.plots.search import plot_parameters, plot_values
from tomoseg_tf.plots.shapes import plot_shapes, shape_data
from tomoseg_tf.plots.sizes import plot_size_histogram, size_data
from tomoseg_tf.plots.slices import plot_classes, plot_slice, scale_bar
from tomoseg_tf.plots.tracks import plot_tracks, track_data
from tomoseg_tf.plots.viewer import SliceViewer, view_slices

__all__ = [
    "HIT_COLOURS",
    "OVERLAY_COLOURS",
    "GreyHistograms",
    "Preview",
    "SliceViewer",
    "busiest_plane",
    "busiest_slice",
    "calibration_data",
    "check_figure",
    "check_planes",
    "check_shapes",
    "choose_slices",
    "class_histograms",
    "confusion_data",
    "curve_data",
    "data_path",
    "detection_data",
    "draw_learning",
    "error_image",
    "figure_size",
    "format_data",
    "grey_data",
    "hit_data",
    "hit_map",
    "learning_data",
    "new_axes",
    "overlay_image",
    "plot_calibration",
    "plot_classes",
    "plot_comparison",
    "plot_confusion_matrix",
    "plot_detection",
    "plot_error_panel",
    "plot_grey_histograms",
    "plot_hit_map",
    "plot_learning_curves",
    "plot_overlay",
    "plot_panels",
    "plot_parameters",
    "plot_precision_recall",
    "plot_preview",
    "plot_profiles",
    "plot_rendering",
    "plot_scores",
    "plot_shapes",
    "plot_sheet",
    "plot_size_histogram",
    "plot_slice",
    "plot_threshold",
    "plot_threshold_scores",
    "plot_tracks",
    "plot_values",
    "profile_data",
    "read_history",
    "read_scores",
    "rendered_surfaces",
    "rendering_data",
    "save_figure",
    "scale_bar",
    "score_data",
    "shape_data",
    "size_data",
    "size_label",
    "threshold_data",
    "thumbnail",
    "track_data",
    "view_slices",
    "write_review",
]
