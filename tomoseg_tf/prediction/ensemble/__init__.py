"""Ensembles: the mean over several weights, flips and quarter turns."""

from tomoseg_tf.prediction.ensemble.agreement import (
    agree,
    agreed_mask,
    check_members,
    open_all,
)
from tomoseg_tf.prediction.ensemble.mean import predict_mean
from tomoseg_tf.prediction.ensemble.members import (
    Member,
    count_runs,
    join,
    leaves_z,
    open_networks,
    sees_slices,
)
from tomoseg_tf.prediction.ensemble.turns import TURNS, Turn, check_voxels, list_turns

__all__ = [
    "TURNS",
    "Member",
    "Turn",
    "agree",
    "agreed_mask",
    "check_members",
    "check_voxels",
    "count_runs",
    "join",
    "leaves_z",
    "list_turns",
    "open_all",
    "open_networks",
    "predict_mean",
    "sees_slices",
]
