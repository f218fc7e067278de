"""Volumes and their truth to sharded TFRecords, and back as `tf.data` batches."""

from tomoseg_tf.records.batches.augmentation import Augmentation, augment
from tomoseg_tf.records.batches.pipeline import training_batches, validation_batches
from tomoseg_tf.records.batches.reading import named_shards
from tomoseg_tf.records.manifest import Manifest, read_manifest
from tomoseg_tf.records.opening import Records, open_records
from tomoseg_tf.records.pairing import pair_folders
from tomoseg_tf.records.split import SPLITS
from tomoseg_tf.records.unfinished import has_unfinished
from tomoseg_tf.records.writer import write_records

__all__ = [
    "SPLITS",
    "Augmentation",
    "Manifest",
    "Records",
    "augment",
    "has_unfinished",
    "named_shards",
    "open_records",
    "pair_folders",
    "read_manifest",
    "training_batches",
    "validation_batches",
    "write_records",
]
