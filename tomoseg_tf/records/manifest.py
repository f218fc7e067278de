"""``manifest.json``: what a folder of records holds, and how it was made."""

import json
from pathlib import Path
from typing import Literal

import pydantic
from pydantic import BaseModel, ConfigDict

from tomoseg_tf.records.split import SPLITS
from tomoseg_tf.volume import Statistics

FILE = "manifest.json"
FORMAT = 1

Triple = tuple[int, int, int]


class _Part(BaseModel):
    """A part of the manifest: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Patch(_Part):
    """One record: where its patch was cut and what it holds.

    `offset` is the byte of the shard at which the record starts; `counts` are the
    voxels of each class, then those that are ignored. `sample_counts` are the same if what lies
    outside the sample is ignored, None if every voxel is the sample.
    """

    source: int
    origin: Triple
    offset: int
    counts: tuple[int, ...]
    sample_counts: tuple[int, ...] | None = None

    def seen(self, outside):
        """Count what training sees, by class, then what it ignores.

        Parameters
        ----------
        outside : str
            "kept" or "left_out", as `Normalisation` says.

        Returns
        -------
        tuple of int
            `counts` or `sample_counts`.
        """
        left_out = outside == "left_out" and self.sample_counts is not None
        return self.sample_counts if left_out else self.counts


class Shard(_Part):
    """One TFRecord file."""

    name: str
    records: int
    bytes: int
    sha256: str
    patches: tuple[Patch, ...]


class Block(_Part):
    """Slices `start` to `stop` of a source, all in one split."""

    split: Literal["training", "validation", "test"]
    start: int
    stop: int


class Source(_Part):
    """One sample: a volume and its truth.

    The hashes are SHA-256 of the voxels in C order, little-endian (of the classes for the truth),
    whatever the file format; that of the volume is taken before any filter. `mask` is what was
    asked for: "auto", "none" or a name; `mask_sha256` is the hash of what is the sample, one byte a
    voxel. `statistics` are those of the whole volume, filtered, None if it holds NaN outside the
    sample; `sample_statistics` are those of the sample, None if every voxel is the sample.
    In records of images, grey value = `offset` + `scale` * level of the PNG.
    """

    volume: str
    truth: str
    shape: Triple
    spacing: tuple[float, float, float] | None
    palette: str | dict[str, int]
    volume_sha256: str
    truth_sha256: str
    mask: str = "none"
    mask_sha256: str | None = None
    statistics: Statistics | None
    sample_statistics: Statistics | None = None
    offset: float = 0.0
    scale: float = 1.0
    blocks: tuple[Block, ...]

    def seen(self, outside):
        """Choose the statistics that training goes by.

        Parameters
        ----------
        outside : str
            "kept" or "left_out", as `Normalisation` says.

        Returns
        -------
        Statistics
            Those of the whole volume or of the sample.

        Raises
        ------
        ValueError
            If the outside is to be kept but holds NaN, or left out but nobody looked for it.
        """
        if outside == "left_out" and self.mask == "none":
            raise ValueError(
                f"{self.volume}: its records were written without a mask, but the recipe leaves "
                "out what is outside the sample; set normalisation.outside to kept, or write the "
                "records with --mask auto"
            )
        if outside == "left_out" and self.sample_statistics is not None:
            return self.sample_statistics
        if self.statistics is None:
            raise ValueError(
                f"{self.volume}: holds NaN or infinite voxels outside the sample, which cannot be "
                "kept; set normalisation.outside to left_out"
            )
        return self.statistics


class Split(_Part):
    """How the samples were split into training, validation and test, and what was left out.

    `slices` are the numbers asked for when slices were drawn one by one; `skip_empty` says whether
    patches (in a split by slice: slices) without an object were left out. In a split by group,
    `group` is the slices of one, and `groups` the numbers asked for; `fold` is which of how many.
    What does not apply of these is not written.
    """

    method: Literal["sample", "block", "slice", "group"]
    fractions: tuple[float, float, float]
    test_samples: tuple[int, ...]
    guard: int | None
    cover: Literal["drop", "shift"]
    validation_samples: tuple[int, ...] = ()
    slices: Triple | None = None
    skip_empty: bool = False
    group: int | None = None
    groups: Triple | None = None
    fold: tuple[int, int] | None = None

    @pydantic.model_serializer(mode="wrap")
    def _as_always(self, write):
        """Leave out what only some splits have: the others are written as they always were."""
        content = write(self)
        if self.method != "group":
            del content["group"], content["groups"]
        if self.fold is None:
            del content["fold"]
        return content


class Manifest(_Part):
    """Everything about a folder of records.

    `kind` tells what a record is: "volumes", see `tomoseg_tf.records.schema`, or "images" of one
    slice, see `tomoseg_tf.records.images`. `dtype` is the type of the volumes.
    `filters` are those that the volumes went through first. `voxels` gives for each split the
    voxels of each class in its patches, then those ignored, by the truth as it was given.
    """

    format: Literal[1]
    kind: Literal["volumes", "images"] = "volumes"
    patch: Triple
    dtype: str
    classes: tuple[str, ...]
    spacing: tuple[float, float, float] | None
    split: Split
    seed: int
    filters: tuple[str, ...] = ()
    sources: tuple[Source, ...]
    shards: dict[Literal["training", "validation", "test"], tuple[Shard, ...]]
    voxels: dict[Literal["training", "validation", "test"], tuple[int, ...]]
    notices: tuple[str, ...]

    @pydantic.model_validator(mode="after")
    def _agrees_with_itself(self):
        for split in SPLITS:
            for shard in self.shards.get(split, ()):
                if len(shard.patches) != shard.records:
                    raise ValueError(f"{shard.name} lists {len(shard.patches)} patches")
                if Path(shard.name).name != shard.name:
                    raise ValueError(f"shard {shard.name!r} is not a plain file name")
        return self


def read_manifest(folder):
    """Read and check the manifest of a folder of records.

    Parameters
    ----------
    folder : str or Path
        Folder of records.

    Returns
    -------
    Manifest
        Its content.

    Raises
    ------
    ValueError
        If the folder or its manifest is missing, or it is not a manifest of this format.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        raise ValueError(
            f"{folder} is not a folder of records: it has no {FILE}; "
            "write one with: tomoseg-tf records FOLDER --pair VOLUME TRUTH"
        )
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}); write the records again") from error
    if isinstance(content, dict) and content.get("format") != FORMAT:
        raise ValueError(
            f"{path} has format {content.get('format')!r}, but this version reads {FORMAT}; "
            "write the records again"
        )
    try:
        return Manifest.model_validate_json(json.dumps(content))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "its content"
        raise ValueError(f"{path}: {place}: {first['msg']}; write the records again") from error


def write_manifest(folder, manifest):
    """Write the manifest into a folder of records.

    Parameters
    ----------
    folder : str or Path
        The folder.
    manifest : Manifest
        Its content.
    """
    text = json.dumps(manifest.model_dump(mode="json"), indent=1)
    (Path(folder) / FILE).write_text(text + "\n", encoding="utf-8")
