"""What a Zarr store holds beside one volume as `ZarrWriter` writes it."""

OF_IMAGE = {"version", "multiscales"}
OF_ARRAY = {"tomoseg-tf"}  # the mark that the array is complete


def first_stranger(group, array):
    """Find something in a store that is no part of a volume as it is written here.

    Parameters
    ----------
    group : Node
        The root of the store.
    array : Node or None
        What is at ``0`` in it.

    Returns
    -------
    str or None
        What it is; None if there is nothing else.
    """
    return next(_strangers(group, array), None)


def _strangers(group, array):
    """Members of a store and attributes that are not those of the volume."""
    if group.is_array or group.version != 3:
        yield f"{'an array' if group.is_array else 'a group'} of Zarr version {group.version}"
        return
    for item in sorted(group.folder.iterdir()):
        is_hidden_file = item.name.startswith(".") and item.is_file()
        if item.name not in ("zarr.json", "0") and not is_hidden_file:
            yield f"/{item.name}"
    if array is None or not array.is_array:
        yield from ["/0"] if (group.folder / "0").exists() else []
        return
    image = group.attributes.get("ome")
    yield from (f"/@{name}" for name in group.attributes if name != "ome")
    yield from (f"/@ome/{name}" for name in image or () if name not in OF_IMAGE)
    yield from (f"/0@{name}" for name in array.attributes if name not in OF_ARRAY)
