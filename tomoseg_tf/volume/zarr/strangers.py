"""What a Zarr store holds beside one volume as `ZarrWriter` writes it."""

OF_IMAGE = {"version", "multiscales"}
OF_ARRAY = {"tomoseg-tf"}  # the mark that the array is complete


def first_stranger(group, levels):
    """Find something in a store that is no part of a volume as it is written here.

    Parameters
    ----------
    group : Node
        The root of the store.
    levels : dict from str to (Node or None)
        What is at ``0`` in it, and at the other levels that were written here.

    Returns
    -------
    str or None
        What it is; None if there is nothing else.
    """
    return next(_strangers(group, levels), None)


def _strangers(group, levels):
    """Members of a store and attributes that are not those of the volume."""
    if group.is_array or group.version != 3:
        yield f"{'an array' if group.is_array else 'a group'} of Zarr version {group.version}"
        return
    for item in sorted(group.folder.iterdir()):
        is_hidden_file = item.name.startswith(".") and item.is_file()
        if item.name not in ("zarr.json", *levels) and not is_hidden_file:
            yield f"/{item.name}"
    if levels["0"] is None or not levels["0"].is_array:
        yield from ["/0"] if (group.folder / "0").exists() else []
        return
    image = group.attributes.get("ome")
    yield from (f"/@{name}" for name in group.attributes if name != "ome")
    yield from (f"/@ome/{name}" for name in image or () if name not in OF_IMAGE)
    for level, array in levels.items():
        yield from (f"/{level}@{name}" for name in array.attributes if name not in OF_ARRAY)
