"""Connected objects of a segmentation: size, surface, shape, grey level and place of each."""

from tomoseg_tf.objects.blocks import BlockCounts
from tomoseg_tf.objects.consistency import Consistency, measure_consistency, vote_objects
from tomoseg_tf.objects.consistency_files import (
    consistency_columns,
    consistency_table,
    profile_columns,
    profile_path,
    write_consistency,
)
from tomoseg_tf.objects.distribution import size_distribution
from tomoseg_tf.objects.inputs import Inputs, open_inputs
from tomoseg_tf.objects.label_file import label_slabs, label_type, write_labels
from tomoseg_tf.objects.measuring import CONNECTIVITIES, Objects, measure_objects
from tomoseg_tf.objects.places import edge_weights, nearest_neighbours, random_neighbour_distance
from tomoseg_tf.objects.resampling import bootstrap, check_bootstrap, confidence_interval
from tomoseg_tf.objects.sensitivity import (
    open_probabilities,
    threshold_sensitivity,
    threshold_table,
)
from tomoseg_tf.objects.shape import covariance, equivalent_radius, principal_axes, sphericity
from tomoseg_tf.objects.split import Split, part
from tomoseg_tf.objects.summary import summarise
from tomoseg_tf.objects.summary_text import summary_table
from tomoseg_tf.objects.surface import crofton_area, face_area
from tomoseg_tf.objects.table_file import check_table, read_table, write_table
from tomoseg_tf.objects.writing import write_objects

__all__ = [
    "CONNECTIVITIES",
    "BlockCounts",
    "Consistency",
    "Inputs",
    "Objects",
    "Split",
    "bootstrap",
    "check_bootstrap",
    "check_table",
    "confidence_interval",
    "consistency_columns",
    "consistency_table",
    "covariance",
    "crofton_area",
    "edge_weights",
    "equivalent_radius",
    "face_area",
    "label_slabs",
    "label_type",
    "measure_consistency",
    "measure_objects",
    "nearest_neighbours",
    "open_inputs",
    "open_probabilities",
    "part",
    "principal_axes",
    "profile_columns",
    "profile_path",
    "random_neighbour_distance",
    "read_table",
    "size_distribution",
    "sphericity",
    "summarise",
    "summary_table",
    "threshold_sensitivity",
    "threshold_table",
    "vote_objects",
    "write_consistency",
    "write_labels",
    "write_objects",
    "write_table",
]
