"""Volumes: (Z, Y, X) arrays with a spacing, read and written slab by slab."""

from tomoseg_tf.volume.formats import as_volume, check_output, create_volume, open_volume
from tomoseg_tf.volume.hashing import file_hash
from tomoseg_tf.volume.normalisation import METHODS, Intensity, Normalisation, intensity
from tomoseg_tf.volume.staging import check_destination, staged_file, staged_folder
from tomoseg_tf.volume.statistics import PERCENTILES, Statistics, measure
from tomoseg_tf.volume.truth import IGNORE, TruthVolume, count_classes, open_truth, parse_palette
from tomoseg_tf.volume.volume import ArrayVolume, Volume

__all__ = [
    "IGNORE",
    "METHODS",
    "PERCENTILES",
    "ArrayVolume",
    "Intensity",
    "Normalisation",
    "Statistics",
    "TruthVolume",
    "Volume",
    "as_volume",
    "check_destination",
    "check_output",
    "count_classes",
    "create_volume",
    "file_hash",
    "intensity",
    "measure",
    "open_truth",
    "open_volume",
    "parse_palette",
    "staged_file",
    "staged_folder",
]
