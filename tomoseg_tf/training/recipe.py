"""The recipe of a training run: every setting, validated."""

import dataclasses
import difflib
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field

from tomoseg_tf.models import BUILDERS
from tomoseg_tf.records import Augmentation
from tomoseg_tf.training.search_space import Search
from tomoseg_tf.volume import Normalisation, parse_filter

Count = Annotated[int, Field(strict=True, ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Score = Literal["loss", "accuracy", "dice"]


class Section(BaseModel):
    """A part of a recipe: unknown keys are errors, and nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Model(Section):
    """The network: a builder of `tomoseg_tf.models` and its keyword arguments.

    A network of slices sees `channels` copies of the grey value. It starts from
    `weights`, a folder or a shipped name, if they are given, with a new head where the
    classes are others; else its encoder from `encoder`, a published file of that
    backbone or "imagenet", the public address of one. (The files of ResNets were fitted
    on grey values of 0 to 255, which normalisation "minmax" with top 255 gives; those
    of Inception-v3 and Xception on -1 to 1.) With `freeze_encoder` the encoder stays as
    it is there, its batch normalisation as in prediction; without a backbone it is all
    that comes before anything is up-sampled. With `freeze_batch_norm` the statistics of all
    batch normalisation do; then the last steps fit the network that is going to
    predict, not one that sees the statistics of each small batch. A
    `batch_norm_momentum` m replaces that of all batch normalisation: each step
    keeps m of the statistics that prediction uses. At the 0.99 of most builders
    these lag hundreds of steps behind the weights, longer than a short run lasts.
    """

    name: str = "unet_3d"
    arguments: dict[str, Any] = {}
    channels: Literal[1, 3] = 1
    weights: str | None = None
    encoder: str | None = None
    freeze_encoder: bool = False
    freeze_batch_norm: bool = False
    batch_norm_momentum: Share | None = None

    @pydantic.field_validator("name")
    @classmethod
    def _is_a_builder(cls, name):
        if name not in BUILDERS:
            raise ValueError(f"no such network; use one of {', '.join(BUILDERS)}")
        return name

    @pydantic.field_validator("arguments")
    @classmethod
    def _leaves_the_classes_to_the_records(cls, arguments):
        if "num_classes" in arguments:
            raise ValueError("leave num_classes out: it follows from the records and the loss")
        if "input_shape" in arguments:
            raise ValueError(
                "leave input_shape out: it follows from the records and model.channels"
            )
        return arguments


class Batches(Section):
    """What a batch holds: whole patches of the records, or crops of them.

    The settings are those of `tomoseg_tf.records.training_batches`. For a network of
    slices each patch or crop gives as many slices as it is deep (one, for records of
    slices), and `validation_batch_size` counts slices.
    """

    batch_size: Count = 2
    validation_batch_size: Count = 1
    crop: Annotated[list[Count], Field(min_length=3, max_length=3)] | None = None
    crops_per_patch: Count = 1
    foreground: Share = 0.0
    balance: Annotated[float, Field(ge=0, lt=1)] = 0.0


def _weights_or_word(value, check):
    """Take the word for weights that follow from the records, else check the numbers."""
    return value if value == "inverse_frequency" else check(value)


class Loss(Section):
    """The loss, and what weighs more in its cross-entropy or squared error.

    `class_weights` has a number for each class, or is "inverse_frequency": from the
    voxels of the training patches, with a mean of 1. Where two objects come close,
    the border map of U-Net adds up to `border_weight` (10 in the paper), over a
    distance of `border_sigma` pixels. At boundaries between classes
    `boundary_weight` is added, and less up to `boundary_width` voxels away.
    """

    name: Literal[
        "binary_crossentropy",
        "categorical_crossentropy",
        "crossentropy_dice",
        "half_crossentropy_minus_dice",
        "mean_squared_error",
    ] = "crossentropy_dice"
    class_weights: Annotated[
        list[Weight] | None,
        pydantic.WrapValidator(_weights_or_word),
        pydantic.PlainSerializer(lambda value: value),
    ] = None
    border_weight: Weight = 0.0
    border_sigma: Positive = 5.0
    boundary_weight: Weight = 0.0
    boundary_width: Count = 3


class Optimiser(Section):
    """The optimiser, Adam, with the decoupled weight decay of AdamW if that is set."""

    name: Literal["adam"] = "adam"
    learning_rate: Positive = 1e-3
    beta_1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta_2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    epsilon: Positive = 1e-7
    weight_decay: Positive | None = None
    clip_norm: Positive | None = None


class EarlyStopping(Section):
    """Stop after `patience` epochs in which the monitored score did not improve."""

    patience: Count
    min_delta: Annotated[float, Field(ge=0)] = 0.0


class Plateau(Section):
    """Multiply the learning rate by `factor` after `patience` epochs without improvement."""

    patience: Count
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    min_delta: Annotated[float, Field(ge=0)] = 0.0


class Schedule(Section):
    """How long to train, and the learning rate of each epoch.

    Training ends after `epochs`, or after the epoch in which the time of all
    passes `minutes`. ``warm_up`` epochs rise linearly to the optimiser's rate; a
    cosine then falls to `final` times that rate in the last epoch, by epochs or by
    minutes, whichever is further. From the share `freeze_batch_norm` of the epochs or
    minutes on, batch normalisation stays as it is, as by that of the model: what is left
    fits the network that is going to predict.
    """

    epochs: Count = 100
    minutes: Positive | None = None
    steps_per_epoch: Count | None = None
    learning_rate: Literal["constant", "cosine"] = "constant"
    warm_up: Annotated[int, Field(strict=True, ge=0)] = 0
    final: Share = 0.01
    freeze_batch_norm: Share | None = None
    plateau: Plateau | None = None
    early_stopping: EarlyStopping | None = None

    @pydantic.field_validator("learning_rate", mode="before")
    @classmethod
    def _is_no_rate(cls, shape):
        if isinstance(shape, int | float):
            raise ValueError(
                "should be 'constant' or 'cosine'; the rate itself is optimiser.learning_rate"
            )
        return shape


def _mapping_to(cls):
    """Make a validator that builds a dataclass from a mapping of its fields."""

    def build(value):
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise ValueError("must be a mapping of settings")
        names = [field.name for field in dataclasses.fields(cls)]
        for key in value:
            if key not in names:
                raise ValueError(unknown_key(key, names))
        lists = {key: tuple(v) if isinstance(v, list) else v for key, v in value.items()}
        return cls(**lists)

    return build


def _as_normalisation(value):
    """Build the normalisation; a recipe leaves the outside of the sample out unless it says so."""
    build = _mapping_to(Normalisation)
    return build({"outside": "left_out", **value} if isinstance(value, dict) else value)


def _as_filters(value):
    """Write filters with all of their parameters."""
    if value is None:
        return None
    if not isinstance(value, (list, tuple)):
        raise ValueError("must be a list of filters such as median:3")
    return [str(parse_filter(text)) for text in value]


def unknown_key(key, names):
    """Say that a key is unknown, and which one may have been meant."""
    near = difflib.get_close_matches(str(key), names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(names)}"
    return f"unknown key {key!r}; {hint}"


class Recipe(Section):
    """All settings of a training run.

    Only `description` and `search` say nothing to the training; the others decide,
    with the records, the weights that come out. `monitor` is the validation score that
    early stopping and the plateau watch, and that the run is summed up by. `filters`
    are those that the scans must have gone through when the records were written; None
    takes any. Unless it is stated, `normalisation.outside` is "left_out".
    """

    description: str = ""
    model: Model = Model()
    normalisation: Annotated[
        Normalisation,
        pydantic.BeforeValidator(_as_normalisation),
        pydantic.PlainSerializer(lambda value: value.to_dict()),
    ] = Normalisation(outside="left_out")
    filters: Annotated[list[str] | None, pydantic.BeforeValidator(_as_filters)] = None
    batches: Batches = Batches()
    augmentation: (
        Annotated[
            Augmentation,
            pydantic.BeforeValidator(_mapping_to(Augmentation)),
            pydantic.PlainSerializer(dataclasses.asdict),
        ]
        | None
    ) = None
    loss: Loss = Loss()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    monitor: Score = "dice"
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**31)] = 0
    search: Search | None = None

    def to_dict(self):
        """Return every setting but `search`, defaults included, as plain lists and numbers."""
        return self.model_dump(mode="json", exclude={"search"})
