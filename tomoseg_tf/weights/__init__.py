"""Weights folders: save, find, load, check and import fitted weights."""

from tomoseg_tf.weights.archive import pack_weights, unpack_weights
from tomoseg_tf.weights.cache import cache_folder
from tomoseg_tf.weights.card import card, summary
from tomoseg_tf.weights.config import ClassEntry, WeightsConfig, class_entries
from tomoseg_tf.weights.fetching import fetch_weights
from tomoseg_tf.weights.finding import find_weights
from tomoseg_tf.weights.fingerprint import Fingerprint, pool_profiles
from tomoseg_tf.weights.fingerprinting import store_fingerprint
from tomoseg_tf.weights.folder import Weights, list_weights, load, open_weights, save_weights
from tomoseg_tf.weights.importing import import_weights
from tomoseg_tf.weights.mirror import mirror_weights
from tomoseg_tf.weights.rewriting import check_own, copy_weights, rewrite_weights, seal_weights
from tomoseg_tf.weights.shipped import shipped_weights
from tomoseg_tf.weights.verify import Verified, verify_weights

__all__ = [
    "ClassEntry",
    "Fingerprint",
    "Verified",
    "Weights",
    "WeightsConfig",
    "cache_folder",
    "card",
    "check_own",
    "class_entries",
    "copy_weights",
    "fetch_weights",
    "find_weights",
    "import_weights",
    "list_weights",
    "load",
    "mirror_weights",
    "open_weights",
    "pack_weights",
    "pool_profiles",
    "rewrite_weights",
    "save_weights",
    "seal_weights",
    "shipped_weights",
    "store_fingerprint",
    "summary",
    "unpack_weights",
    "verify_weights",
]
