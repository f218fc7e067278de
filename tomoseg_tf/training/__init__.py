"""Training: a validated recipe and records in, a run folder with the best weights out."""

from tomoseg_tf.training.fit import train
from tomoseg_tf.training.losses import (
    LOSSES,
    SegmentationLoss,
    binary_crossentropy,
    categorical_crossentropy,
    crossentropy_dice,
)
from tomoseg_tf.training.metrics import SegmentationScores
from tomoseg_tf.training.recipe import Recipe
from tomoseg_tf.training.recipe_file import (
    check_recipe,
    find_recipe,
    format_recipe,
    read_recipe,
    shipped_recipes,
)

__all__ = [
    "LOSSES",
    "Recipe",
    "SegmentationLoss",
    "SegmentationScores",
    "binary_crossentropy",
    "categorical_crossentropy",
    "check_recipe",
    "crossentropy_dice",
    "find_recipe",
    "format_recipe",
    "read_recipe",
    "shipped_recipes",
    "train",
]
