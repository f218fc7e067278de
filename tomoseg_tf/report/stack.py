"""The slices of the viewer: read once, thinned, packed."""

from dataclasses import dataclass

import numpy as np

from tomoseg_tf.class_colours import IGNORED
from tomoseg_tf.plots import HIT_COLOURS
from tomoseg_tf.report.images import bin_mean, class_png, grey_levels, jpeg, pick
from tomoseg_tf.report.thinning import choose_thinnings, shown_slices
from tomoseg_tf.volume import IGNORE

SAMPLES = 5  # slices from which the sizes of all are told
MARGIN = 1.06  # some slices are busier than those
TAG = 60  # bytes of the element around each image
SLAB_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Stack:
    """What the viewer shows.

    Attributes
    ----------
    settings : dict
        Sizes, slices, classes, grey window and colours, as JSON has them.
    images : dict from (str, int) to str
        Images in base64, by layer ("grey", "classes" or "probability") and place.
    notes : tuple of str
        How it was thinned, in sentences.
    """

    settings: dict
    images: dict
    notes: tuple

    @property
    def size(self):
        """Bytes of all images in the page."""
        return sum(len(text) + TAG for text in self.images.values())


def pack_stack(inputs, room, *, progress=None):
    """Pack the volumes of a report into images that fit into some room.

    Parameters
    ----------
    inputs : Inputs
        The volumes.
    room : int
        Bytes that all images may take.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.

    Returns
    -------
    Stack
        The images.

    Raises
    ------
    ValueError
        If there is no room for the coarsest ones.
    """
    window = grey_window(inputs.volume) if inputs.volume is not None else None
    samples = [_read(inputs, z) for z in _spread(inputs.shape[0])]
    sizes = _Sizes(samples, window)
    for thinning in choose_thinnings(inputs.shape, room, sizes.grey, sizes.classes):
        images, busy, ignoring = {}, [], set()
        for place, planes in _planes(inputs, thinning.step, progress):
            images |= {(layer, place): text for layer, text in _pack(planes, thinning, window)}
            busy.append(_objects(planes))
            ignoring |= _ignoring(planes)
        settings = _settings(inputs, thinning, window, int(np.argmax(busy)), ignoring)
        stack = Stack(settings, images, _notes(inputs, thinning))
        if stack.size <= room:
            return stack
    raise ValueError(
        f"the report has {max(room, 0):,} bytes left for the slices of the viewer, which is too "
        "few; raise --max-size"
    )


def grey_window(volume):
    """Find the grey levels that the viewer draws black and white.

    Parameters
    ----------
    volume : Volume
        Grey levels.

    Returns
    -------
    (float, float, float, float)
        Those that are kept as 0 and 255, and within them those between which all is drawn first:
        the 0.5th and 99.5th percentile of some slices.
    """
    planes = [volume.read(z, z + 1)[0] for z in _spread(volume.shape[0])]
    values = np.concatenate([plane[np.isfinite(plane)].ravel() for plane in planes])
    if not values.size:
        return 0.0, 1.0, 0.0, 1.0
    least, low, high, most = (float(one) for one in np.percentile(values, (0.05, 0.5, 99.5, 99.95)))
    if volume.dtype == np.uint8:
        least, most = 0.0, 255.0
    return least, max(most, least + 1e-6 * (abs(least) or 1)), low, max(high, low)


class _Sizes:
    """Bytes that slices take, by side of the squares."""

    def __init__(self, samples, window):
        self._samples, self._window, self._known = samples, window, {}

    def grey(self, size):
        """Mean over the samples of grey levels and probabilities."""
        return self._mean("grey", size)

    def classes(self, size):
        """Mean over the samples of the class maps."""
        return self._mean("classes", size)

    def _mean(self, layer, size):
        if (layer, size) not in self._known:
            pack = _pack_classes if layer == "classes" else _pack_grey
            taken = [
                len(text) + TAG
                for planes in self._samples
                for _, text in pack(planes, size, self._window)
            ]
            self._known[layer, size] = MARGIN * sum(taken) / len(self._samples)
        return self._known[layer, size]


def _spread(depth):
    """Slices spread evenly over a volume."""
    return sorted({int((index + 0.5) * depth / SAMPLES) for index in range(SAMPLES)})


def _read(inputs, z):
    """Slice of each volume."""
    return {name: one.read(z, z + 1)[0] for name, one in inputs.volumes.items()}


def _planes(inputs, step, progress):
    """Read all volumes slab by slab; yield the slices that are shown, with their places."""
    depth, height, width = inputs.shape
    places = {z: place for place, z in enumerate(shown_slices(depth, step))}
    widest = max(one.dtype.itemsize for one in inputs.volumes.values())
    thick = max(1, SLAB_BYTES // (height * width * widest))
    for start in range(0, depth, thick):
        stop = min(start + thick, depth)
        wanted = [z for z in range(start, stop) if z in places]
        if wanted:
            slabs = {name: one.read(start, stop) for name, one in inputs.volumes.items()}
            for z in wanted:
                yield places[z], {name: slab[z - start] for name, slab in slabs.items()}
        if progress is not None:
            progress(stop, depth)


def _pack(planes, thinning, window):
    """Images of a slice, by layer."""
    yield from _pack_grey(planes, thinning.grey_bin, window)
    yield from _pack_classes(planes, thinning.class_bin, window)


def _pack_grey(planes, size, window):
    """Images of the grey levels and the probabilities."""
    if "Scan" in planes:
        yield "grey", jpeg(bin_mean(grey_levels(planes["Scan"], *window[:2]), size))
    if "Probabilities" in planes:
        image = planes["Probabilities"]
        image = image if image.dtype == np.uint8 else grey_levels(image, 0, 1)
        yield "probability", jpeg(bin_mean(image, size))


def _pack_classes(planes, size, window):
    """Image of the class maps."""
    maps = [planes.get("Truth"), planes.get("Segmentation")]
    known = next((one for one in maps if one is not None), None)
    if known is not None:
        both = [np.zeros_like(known) if one is None else one for one in maps]
        yield "classes", class_png(*(pick(one, size) for one in both))


def _objects(planes):
    """Count the voxels of objects in a slice."""
    image = planes.get("Segmentation", planes.get("Truth"))
    return 0 if image is None else np.count_nonzero((image != 0) & (image != IGNORE))


def _ignoring(planes):
    """Name the class maps that have ignored voxels in a slice."""
    maps = {"Truth", "Segmentation"} & planes.keys()
    return {name.lower() for name in maps if (planes[name] == IGNORE).any()}


def _settings(inputs, thinning, window, start, ignoring):
    """All that the viewer must know."""
    height, width = inputs.shape[1:]
    grey = {"width": -(-width // thinning.grey_bin), "height": -(-height // thinning.grey_bin)}
    grey |= {"bin": thinning.grey_bin, "type": "image/jpeg"}
    found = {
        "shape": list(inputs.shape),
        "spacing": inputs.spacing and list(inputs.spacing),
        "slices": shown_slices(inputs.shape[0], thinning.step),
        "start": start,
        "names": list(inputs.names),
        "colours": list(inputs.colours),
        "ignored": IGNORED,
        "ignoring": sorted(ignoring),
        "outcomes": [{"name": name, "colour": colour} for name, colour in HIT_COLOURS.items()],
        "truth": inputs.truth is not None,
        "segmentation": inputs.segmentation is not None,
    }
    if window is not None:
        names = ("black", "white", "low", "high")
        levels = dict(zip(names, window, strict=True))
        found["grey"] = grey | levels | {"whole": inputs.volume.dtype.kind in "ui"}
    if inputs.probabilities is not None:
        found["probability"] = dict(grey)
    if inputs.truth is not None or inputs.segmentation is not None:
        size = thinning.class_bin
        found["classes"] = {"width": -(-width // size), "height": -(-height // size)}
        found["classes"] |= {"bin": size, "type": "image/png"}
    return found


def _notes(inputs, thinning):
    """Say how the volumes were thinned."""
    depth = inputs.shape[0]
    number, notes = len(shown_slices(depth, thinning.step)), []
    if thinning.step > 1:
        notes.append(f"The viewer shows {number} of {depth} slices, every {_nth(thinning.step)}.")
    size = thinning.grey_bin
    if size > 1 and (inputs.volume is not None or inputs.probabilities is not None):
        notes.append(f"Grey levels are means over {size} × {size} voxels.")
    size = thinning.class_bin
    if size > 1 and (inputs.truth is not None or inputs.segmentation is not None):
        notes.append(f"Classes are those of one voxel in {size} × {size}.")
    if notes:
        notes.append("Scores, objects and figures are of all voxels.")
    if inputs.volume is not None:
        notes.append("Grey levels are packed with a small loss (8 bit, JPEG), classes without.")
    return tuple(notes)


def _nth(number):
    """Word of an ordinal number."""
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ends.get(number % 10, 'th')}"
