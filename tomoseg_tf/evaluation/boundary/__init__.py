"""Boundary scores: how far apart the boundaries of each class are, by slice or in 3D."""

from tomoseg_tf.evaluation.boundary.means import BoundaryMeans
from tomoseg_tf.evaluation.boundary.scores import (
    BOUNDARIES,
    TOLERANCE,
    BoundaryScores,
    ClassBoundary,
    boundary_scores,
    check_tolerance,
)
from tomoseg_tf.evaluation.boundary.table import boundary_table
from tomoseg_tf.evaluation.boundary.voxels import boundary_voxels

__all__ = [
    "BOUNDARIES",
    "TOLERANCE",
    "BoundaryMeans",
    "BoundaryScores",
    "ClassBoundary",
    "boundary_scores",
    "boundary_table",
    "boundary_voxels",
    "check_tolerance",
]
