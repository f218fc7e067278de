"""Weights folders: save, find, load, check and import fitted weights."""

from tomoseg_tf.weights.card import card, summary
from tomoseg_tf.weights.config import ClassEntry, WeightsConfig, class_entries
from tomoseg_tf.weights.fingerprint import Fingerprint, pool_profiles
from tomoseg_tf.weights.fingerprinting import store_fingerprint
from tomoseg_tf.weights.folder import Weights, list_weights, load, open_weights, save_weights
from tomoseg_tf.weights.importing import import_weights
from tomoseg_tf.weights.shipped import find_weights, shipped_weights
from tomoseg_tf.weights.verify import Verified, verify_weights

__all__ = [
    "ClassEntry",
    "Fingerprint",
    "Verified",
    "Weights",
    "WeightsConfig",
    "card",
    "class_entries",
    "find_weights",
    "import_weights",
    "list_weights",
    "load",
    "open_weights",
    "pool_profiles",
    "save_weights",
    "shipped_weights",
    "store_fingerprint",
    "summary",
    "verify_weights",
]
