"""Objects followed through the steps of a series: what appears, vanishes, merges, splits, grows."""

from tomoseg_tf.tracking.growth import growth_rates
from tomoseg_tf.tracking.matching import count_overlaps, link
from tomoseg_tf.tracking.registering import register
from tomoseg_tf.tracking.rigid import Rigid
from tomoseg_tf.tracking.series import Series, track_objects
from tomoseg_tf.tracking.summary import series_table, summarise_series
from tomoseg_tf.tracking.tracks import EVENTS, FATES, Steps, follow
from tomoseg_tf.tracking.writing import write_tracks

__all__ = [
    "EVENTS",
    "FATES",
    "Rigid",
    "Series",
    "Steps",
    "count_overlaps",
    "follow",
    "growth_rates",
    "link",
    "register",
    "series_table",
    "summarise_series",
    "track_objects",
    "write_tracks",
]
