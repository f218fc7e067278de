"""The index of a mirror: which weights it has, in which archives, and what they are for."""

import json
import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tomoseg_tf.weights.address import is_address, split_pin
from tomoseg_tf.weights.archive import check_name
from tomoseg_tf.weights.card import summary
from tomoseg_tf.weights.config import explain
from tomoseg_tf.weights.download import download

INDEX = "index.json"
LARGEST_INDEX = 2**24  # bytes


class IndexEntry(BaseModel):
    """One of the weights in a mirror.

    Attributes
    ----------
    name : str
        What they are called.
    sha256 : str
        Of the archive ``NAME.zip``.
    bytes : int
        Size of it.
    summary : str
        What they are for.
    model : str
        Name of the builder.
    dimensions : int
        3 for networks of volumes, 2 for those of slices.
    classes : tuple of str
        Names, background first.
    spacing : tuple of 3 floats or None
        Voxel size (z, y, x) in µm that they were fitted on.
    simulated : bool or None
        Whether on simulated scans; None if not known.
    parameters : int
        Of the network.
    licence : str
        Of the weights.
    picture : bool
        Whether ``NAME.png`` is there.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)
    summary: str = ""
    model: str = ""
    dimensions: int = 3
    classes: tuple[str, ...] = ()
    spacing: tuple[float, float, float] | None = None
    simulated: bool | None = None
    parameters: int = 0
    licence: str = ""
    picture: bool = False

    @field_validator("name")
    @classmethod
    def _plain(cls, name):
        check_name(name)
        return name


class Index(BaseModel):
    """All weights in a mirror.

    Attributes
    ----------
    format : int
        Version of the layout, 1; later ones add keys only.
    weights : tuple of IndexEntry
        In the order of their names.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: int = Field(default=1, ge=1)
    weights: tuple[IndexEntry, ...]

    def find(self, name):
        """Find weights by name; None if they are not there."""
        return next((entry for entry in self.weights if entry.name == name), None)


def describe_weights(fitted, **values):
    """Make the entry of weights.

    Parameters
    ----------
    fitted : Weights
        Opened.
    **values
        ``sha256`` and ``bytes`` of the archive.

    Returns
    -------
    IndexEntry
    """
    config = fitted.config
    return IndexEntry(
        name=fitted.name,
        summary=summary(fitted.read_card()),
        model=config.model,
        dimensions=config.dimensions,
        classes=config.class_names,
        spacing=config.spacing,
        simulated=config.simulated,
        parameters=fitted.count_parameters(),
        licence=config.licence,
        picture=fitted.picture is not None,
        **values,
    )


def read_index(place):
    """Read the index of a mirror.

    Parameters
    ----------
    place : str or Path
        Folder or address of the mirror, or its ``index.json``.

    Returns
    -------
    Index

    Raises
    ------
    ValueError
        If there is none, or it is none.
    """
    where = join(place, INDEX)
    if not is_address(where):
        path = Path(where)
        if not path.is_file():
            raise ValueError(f"{place} is no mirror of weights: {INDEX} is missing")
        return _parse(path.read_bytes(), where)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / INDEX
        download(where, path, largest=LARGEST_INDEX)
        return _parse(path.read_bytes(), where)


def join(place, name):
    """Name a file of a mirror.

    Parameters
    ----------
    place : str or Path
        Folder or address of the mirror, or its ``index.json``.
    name : str
        Of the file.

    Returns
    -------
    str
        Its path or address.
    """
    place = split_pin(place)[0].removesuffix(INDEX).rstrip("/")
    return f"{place}/{name}" if is_address(place) else str(Path(place or ".") / name)


def _parse(content, where):
    try:
        return Index.model_validate_json(content)
    except ValidationError as error:
        raise ValueError(f"{where} is no index of weights: {explain(error)}") from None
    except (ValueError, json.JSONDecodeError) as error:
        raise ValueError(f"{where} is no index of weights: {error}") from None
