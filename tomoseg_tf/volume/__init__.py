"""Volumes: (Z, Y, X) arrays with a spacing, read and written slab by slab."""

from tomoseg_tf.volume.apart import check_apart
from tomoseg_tf.volume.circle import find_outside
from tomoseg_tf.volume.creating import (
    add_to_name,
    check_output,
    create_volume,
    keeps_notes,
    lost_spacing,
)
from tomoseg_tf.volume.filtered import (
    FilteredVolume,
    fill_holes,
    filter_file,
    good_voxels,
    through_filters,
)
from tomoseg_tf.volume.filters import Filter, parse_filter
from tomoseg_tf.volume.grids import AxisGrid, along, grid_of, rows_of
from tomoseg_tf.volume.location import Location, split_location
from tomoseg_tf.volume.normalisation import METHODS, Intensity, Normalisation, intensity
from tomoseg_tf.volume.opening import as_volume, list_volumes, open_volume
from tomoseg_tf.volume.profile import (
    SHARES,
    GreyProfile,
    grey_profile,
    look_at,
    profile_distance,
    profile_of,
)
from tomoseg_tf.volume.resampled import ResampledMask, ResampledVolume
from tomoseg_tf.volume.sample import MASKS, Sample, inside_of, open_sample
from tomoseg_tf.volume.statistics import PERCENTILES, NotFiniteError, Statistics, measure
from tomoseg_tf.volume.storage.full_disk import naming_full_disk, try_room
from tomoseg_tf.volume.storage.hashing import file_hash
from tomoseg_tf.volume.storage.locking import single_writer
from tomoseg_tf.volume.storage.staging import check_destination, staged_file, staged_folder
from tomoseg_tf.volume.truth.draft_file import draft_file
from tomoseg_tf.volume.truth.few_labels import few_labels, parse_amount
from tomoseg_tf.volume.truth.file import write_truth
from tomoseg_tf.volume.truth.merged import merge_truth
from tomoseg_tf.volume.truth.opening import FoundColours, count_classes, find_colours, open_truth
from tomoseg_tf.volume.truth.palette import IGNORE, Palette, parse_palette
from tomoseg_tf.volume.truth.roi_volume import open_rois
from tomoseg_tf.volume.truth.senses import check_senses
from tomoseg_tf.volume.truth.smoothing import smooth_file
from tomoseg_tf.volume.truth.sparse import label_slices, parse_slices
from tomoseg_tf.volume.truth.unlabelled import UnlabelledTruth
from tomoseg_tf.volume.truth.volume import TruthVolume
from tomoseg_tf.volume.volume import ArrayVolume, Volume

__all__ = [
    "IGNORE",
    "MASKS",
    "METHODS",
    "PERCENTILES",
    "SHARES",
    "ArrayVolume",
    "AxisGrid",
    "Filter",
    "FilteredVolume",
    "FoundColours",
    "GreyProfile",
    "Intensity",
    "Location",
    "Normalisation",
    "NotFiniteError",
    "Palette",
    "ResampledMask",
    "ResampledVolume",
    "Sample",
    "Statistics",
    "TruthVolume",
    "UnlabelledTruth",
    "Volume",
    "add_to_name",
    "along",
    "as_volume",
    "check_apart",
    "check_destination",
    "check_output",
    "check_senses",
    "count_classes",
    "create_volume",
    "draft_file",
    "few_labels",
    "file_hash",
    "fill_holes",
    "filter_file",
    "find_colours",
    "find_outside",
    "good_voxels",
    "grey_profile",
    "grid_of",
    "inside_of",
    "intensity",
    "keeps_notes",
    "label_slices",
    "list_volumes",
    "look_at",
    "lost_spacing",
    "measure",
    "merge_truth",
    "naming_full_disk",
    "open_rois",
    "open_sample",
    "open_truth",
    "open_volume",
    "parse_amount",
    "parse_filter",
    "parse_palette",
    "parse_slices",
    "profile_distance",
    "profile_of",
    "rows_of",
    "single_writer",
    "smooth_file",
    "split_location",
    "staged_file",
    "staged_folder",
    "through_filters",
    "try_room",
    "write_truth",
]
