"""What ``config.json`` of a weights folder says, validated."""

import difflib
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    model_validator,
)

from tomoseg_tf.class_colours import class_colours
from tomoseg_tf.volume import Filter, Normalisation, Statistics, parse_filter
from tomoseg_tf.weights.fingerprint import Fingerprint


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClassEntry(_Strict):
    """One class, by its index in the list: its name and the colour it is drawn in.

    Attributes
    ----------
    name : str
        Such as "background" or "precipitate".
    colour : str
        ``#rrggbb``.
    """

    name: str = Field(min_length=1)
    colour: str = Field(pattern="^#[0-9a-fA-F]{6}$")


def _as_normalisation(value):
    if isinstance(value, Normalisation):
        return value
    if not isinstance(value, dict):
        raise ValueError("should be an object such as {'method': 'zscore'}")
    return Normalisation.from_dict(value)


def _as_statistics(value):
    if value is None or isinstance(value, Statistics):
        return value
    try:
        return Statistics.from_dict(value)
    except (AttributeError, TypeError) as error:
        raise ValueError(f"should be what volume.measure gives ({error})") from None


def _statistics_as_dict(statistics):
    return None if statistics is None else statistics.to_dict()


_Normalisation = Annotated[
    Normalisation,
    PlainValidator(_as_normalisation),
    PlainSerializer(lambda normalisation: normalisation.to_dict()),
]
_Statistics = Annotated[
    Statistics | None, PlainValidator(_as_statistics), PlainSerializer(_statistics_as_dict)
]


def _as_filters(value):
    if not isinstance(value, (list, tuple)) or not all(isinstance(x, (str, Filter)) for x in value):
        raise ValueError("should be a list of filters such as 'median:3'")
    return tuple(str(parse_filter(text)) for text in value)


_Filters = Annotated[tuple[str, ...], PlainValidator(_as_filters), PlainSerializer(list)]
_Side = Annotated[FiniteFloat, Field(gt=0)]


def _default_threshold(values):
    """Give a binary net its threshold; `values` are the fields validated before."""
    return 0.5 if values.get("arguments", {}).get("num_classes") == 1 else None


class WeightsConfig(_Strict):
    """All that prediction must know about fitted weights, beside the arrays.

    Attributes
    ----------
    format : int
        Version of this file's layout, 1.
    model : str
        Name of the builder in `tomoseg_tf.models.BUILDERS`.
    arguments : dict
        Keyword arguments of the builder, `input_shape` and `num_classes` among them.
    axes : str
        "ZYX", or "XYZ" for weights fitted on volumes in that order; prediction
        transposes.
    normalisation : Normalisation
        How the input was normalised in training, and is to be in prediction.
    filters : tuple of str
        What the scans went through before anything else, as `tomoseg_tf.volume.parse_filter` reads
        it; prediction does the same to the raw scan.
    classes : tuple of ClassEntry
        One per class index, background first; two for a binary net.
    threshold : float or None
        Probability above which a voxel of a binary net is object; None for a
        multi-class net.
    spacing : tuple of 3 floats or None
        Voxel size (z, y, x) in µm of the training volumes; None if unknown.
    intensity : Statistics or None
        Grey levels of the training volumes.
    fingerprint : Fingerprint or None
        Their grey after normalisation, which prediction compares each scan with.
    recipe : dict or None
        The resolved recipe.
    data : str
        What the weights were fitted on.
    simulated : bool or None
        Whether that was simulated; None if not known.
    licence : str
        Licence of the weights.
    seed : int or None
        Seed of the training.
    versions : dict of str to str
        Packages and their versions.
    scores : tuple of dict
        Measured scores, one row each, for the card.
    """

    format: Literal[1] = 1
    model: str = Field(min_length=1)
    arguments: dict[str, JsonValue]
    axes: Literal["ZYX", "XYZ"] = "ZYX"
    normalisation: _Normalisation = Normalisation()
    filters: _Filters = ()
    classes: tuple[ClassEntry, ...]
    threshold: float | None = Field(default_factory=_default_threshold, gt=0, lt=1)
    spacing: tuple[_Side, _Side, _Side] | None = None
    intensity: _Statistics = None
    fingerprint: Fingerprint | None = None
    recipe: dict[str, JsonValue] | None = None
    data: str = ""
    simulated: bool | None = None
    licence: str = ""
    seed: int | None = None
    versions: dict[str, str] = {}
    scores: tuple[dict[str, JsonValue], ...] = ()

    @model_validator(mode="after")
    def _agree_on_the_classes(self):
        for key in ("input_shape", "num_classes"):
            if key not in self.arguments:
                raise ValueError(f"arguments lack {key!r}, which every builder takes")
        num_classes = self.arguments["num_classes"]
        if type(num_classes) is not int or num_classes < 1:
            raise ValueError(f"arguments.num_classes is {num_classes!r}: should be 1 or more")
        if len(self.classes) != max(2, num_classes):
            raise ValueError(
                f"classes has {len(self.classes)} entries, but num_classes {num_classes} "
                f"needs {max(2, num_classes)}, the background included"
            )
        if self.binary != (self.threshold is not None):
            raise ValueError(
                f"threshold is {self.threshold}: a binary net (num_classes 1) needs one, "
                "a multi-class net takes the likeliest class and has none"
            )
        return self

    @property
    def binary(self):
        """Whether the net ends in one sigmoid channel."""
        return self.arguments["num_classes"] == 1

    @property
    def dimensions(self):
        """Sides of what the network sees at once: 3 for volumes, 2 for slices."""
        return len(self.arguments["input_shape"] or ()) - 1

    @property
    def class_names(self):
        """Names of the classes in the order of their indices."""
        return tuple(entry.name for entry in self.classes)

    def to_json(self):
        """Write the configuration as JSON text.

        Returns
        -------
        str
            Indented, in a fixed order of keys, with a final newline.
        """
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def read_config(path: Path):
    """Read and validate a ``config.json``.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    WeightsConfig

    Raises
    ------
    ValueError
        If it is no JSON, or a key is unknown, missing, wrong or there twice; one line that
        names the file, the key, the value and what would be right.
    """
    content = path.read_bytes()
    try:
        config = WeightsConfig.model_validate_json(content, strict=True)
        json.loads(content, object_pairs_hook=_refuse_twice)
    except ValidationError as error:
        raise ValueError(f"{path}: {explain(error)}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return config


def _refuse_twice(pairs):
    """Refuse a key that an object has twice: readers differ in which of them counts."""
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {_short(twice)} is there twice; keep one of them")
    return dict(pairs)


def explain(error):
    """Put the first complaint of pydantic about a configuration into one line.

    Parameters
    ----------
    error : pydantic.ValidationError
        Raised by `WeightsConfig`.

    Returns
    -------
    str
        Which key, what value, what would be right; and how many more there are.
    """
    complaints = error.errors()
    first = complaints[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        text = f"unknown key {key!r}{_suggest(key)}"
    elif first["type"] == "missing":
        text = f"key {key!r} is missing"
    elif not key:
        text = _plain(first["msg"])
    else:
        text = f"{key} is {_short(first['input'])}: {_plain(first['msg'])}"
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    return text + more


def class_entries(names):
    """Give classes their colours: black for the background, then a fixed series.

    Parameters
    ----------
    names : sequence of str
        Class names, background first.

    Returns
    -------
    tuple of ClassEntry

    Raises
    ------
    ValueError
        If a name is empty.
    """
    if not all(names):
        raise ValueError(f"classes {','.join(names)}: a name is empty; give each class one")
    return tuple(
        ClassEntry(name=name, colour=colour)
        for name, colour in zip(names, class_colours(len(names)), strict=True)
    )


def _suggest(key):
    close = difflib.get_close_matches(key, WeightsConfig.model_fields, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _plain(message):
    return message.removeprefix("Value error, ").replace("Input should be", "should be")


def _short(value, width=60):
    text = repr(value)
    return text if len(text) <= width else f"{text[: width - 3]}..."
