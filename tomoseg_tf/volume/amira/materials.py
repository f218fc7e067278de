"""Materials of a label field: what its values mean."""

from dataclasses import dataclass

from tomoseg_tf.volume.amira.parameters import find_value

BYTE = 255


@dataclass(frozen=True)
class Material:
    """A material: its name, and its colour ``#rrggbb`` if it has one."""

    name: str
    colour: str | None


def read_materials(parameters):
    """Read the materials; the first one is voxel value 0, whatever their Ids are.

    Parameters
    ----------
    parameters : list of (str, list)
        As `parse_parameters` gives them.

    Returns
    -------
    tuple of Material
        In the order of their voxel values; empty where none are stated.
    """
    stated = find_value(parameters, "Materials") or []
    groups = [item for item in stated if isinstance(item, tuple)]
    return tuple(Material(name, _colour(find_value(value, "Color"))) for name, value in groups)


def describe_materials(materials):
    """Say which class each material is.

    Parameters
    ----------
    materials : sequence of Material
        In the order of their voxel values.

    Returns
    -------
    str
        Such as "its materials are the classes 0 Exterior, 1 Pore (#ff0000)".
    """
    listed = ", ".join(
        f"{number} {material.name}" + (f" ({material.colour})" if material.colour else "")
        for number, material in enumerate(materials)
    )
    return f"its materials are the classes {listed}"


def _colour(values):
    """Colour of three numbers from 0 to 1."""
    try:
        channels = [round(BYTE * float(value)) for value in values[:3]]
    except (TypeError, ValueError, OverflowError):
        return None
    if len(channels) < 3 or not all(0 <= channel <= BYTE for channel in channels):
        return None
    return "#" + "".join(f"{channel:02x}" for channel in channels)
