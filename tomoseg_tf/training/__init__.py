"""Training: a validated recipe and records in, a run folder with the best weights out."""

from tomoseg_tf.training.fit import train
from tomoseg_tf.training.losses import (
    LOSSES,
    binary_crossentropy,
    categorical_crossentropy,
    crossentropy_dice,
    half_crossentropy_minus_dice,
    mean_squared_error,
)
from tomoseg_tf.training.metrics import SegmentationScores
from tomoseg_tf.training.objective import SegmentationLoss
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
    "half_crossentropy_minus_dice",
    "mean_squared_error",
    "read_recipe",
    "shipped_recipes",
    "train",
]
