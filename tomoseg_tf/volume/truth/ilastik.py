"""Labels in a project file of ilastik: strokes, each of a class, and nothing elsewhere."""

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PureWindowsPath

import h5py
import numpy as np

from tomoseg_tf.volume.hdf5.attributes import text
from tomoseg_tf.volume.hdf5.opening import Hdf5Error, damage, open_hdf5
from tomoseg_tf.volume.opening import as_volume
from tomoseg_tf.volume.truth.palette import IGNORE
from tomoseg_tf.volume.truth.volume import TruthVolume

SUFFIX = ".ilp"
LABELS = "PixelClassification/LabelSets"
NAMES = "PixelClassification/LabelNames"
LANES = "Input Data/infos"
AXES = {3: "yxc", 4: "zyxc", 5: "tzyxc"}  # by the number of axes, where a project states none
MOST = 10_000  # blocks of labels


@dataclass(frozen=True)
class Block:
    """A block of labels: path of its dataset, its axes, and where it begins along (z, y, x)."""

    path: str
    axes: str
    start: tuple[int, int, int]
    shape: tuple[int, int, int]


class IlastikTruth(TruthVolume):
    """The labels of one image of a project; see `open_ilastik`."""

    def __init__(self, path, like, blocks, table, notices):
        super().__init__(like)
        self.files = (f"{path}", *like.files)
        self.name, self.format, self.storage = f"{path}", "ilastik project", {}
        self.notices = tuple(notices)
        self._path, self._blocks, self._table = path, blocks, table

    def _read_box(self, box):
        classes = np.full([stop - start for start, stop in box], IGNORE, np.uint8)
        with damage(self.name), open_hdf5(self._path) as file:
            for block in self._blocks:
                cut = [
                    (max(start, begin), min(stop, begin + side))
                    for (start, stop), begin, side in zip(
                        box, block.start, block.shape, strict=True
                    )
                ]
                if any(start >= stop for start, stop in cut):
                    continue
                found = self._table[_read(file[block.path], block, cut)]
                target = tuple(
                    slice(start - first, stop - first)
                    for (start, stop), (first, _) in zip(cut, box, strict=True)
                )
                classes[target] = np.where(found == IGNORE, classes[target], found)
        return classes


def open_ilastik(path, like, *, classes=None):
    """Open the labels of an ilastik project of pixel classification as truth.

    Parameters
    ----------
    path : str or Path
        Project file (.ilp).
    like : Volume, or what `as_volume` takes
        The scan that was labelled; it gives shape and spacing. Where the project holds several
        images, its file name says which.
    classes : sequence of (str, int), optional
        Pairs of a pattern and a class, of which the first that fits the name of a label counts. The
        first label of the project is class 0, the second class 1, ..., when not given.

    Returns
    -------
    TruthVolume
        Classes where there are labels, 255 elsewhere.

    Raises
    ------
    ValueError
        If it is no such project, holds no labels, or they do not fit the scan.
    """
    like = as_volume(like)
    with damage(path), open_hdf5(path) as file:
        lane, group = _labels_of(file, path, like)
        blocks = _blocks(file, path, lane, group)
        stated = _own(file, NAMES)
        names = [] if stated is None else [_string(name) for name in stated[:]]
    for block in blocks:
        ends = [begin + side for begin, side in zip(block.start, block.shape, strict=True)]
        if any(end > side for end, side in zip(ends, like.shape, strict=True)):
            raise ValueError(
                f"{path}: has labels up to voxel {tuple(ends)}, but {like.name} has shape "
                f"{like.shape}; name the scan that was labelled"
            )
    table, described = _table(path, names, classes)
    truth = IlastikTruth(path, like, blocks, table, [described])
    truth.class_names = () if classes else tuple(names)
    return truth


def _labels_of(file, path, like):
    """Find the number of the image that was labelled, and its blocks of labels."""
    groups, lanes = _own(file, LABELS) or {}, {}
    for name in groups:
        number = int(re.sub(r"\D", "", name) or 0)
        group = _own(groups, name)
        if isinstance(group, h5py.Group) and len(group):
            lanes[number] = group
    if not lanes:
        raise Hdf5Error(f"{path}: holds no labels of pixel classification; save the project first")
    files = {number: _file_of(file, number) for number in {*lanes, *_images(file)}}
    wanted = PureWindowsPath(like.name.partition("::")[0]).name  # splits at both slashes
    fitting = [number for number in lanes if files[number] == wanted]
    if len(lanes) == 1 and wanted not in files.values():  # the scan may have another name by now
        fitting = [*lanes]
    if len(fitting) != 1:
        labelled = ", ".join(sorted(files[number] for number in lanes))
        which = "several of which are" if fitting else "and none of"
        raise Hdf5Error(
            f"{path}: has labels of {labelled}, {which} {wanted}; name the scan that was labelled"
        )
    return fitting[0], lanes[fitting[0]]


def _images(file):
    """Numbers of the images of a project, labelled or not."""
    images = _own(file, LANES)
    names = images if isinstance(images, h5py.Group) else ()
    return [int(name[4:]) for name in names if re.fullmatch("lane[0-9]{4,9}", name)]


def _blocks(file, path, lane, group):
    """Blocks of labels of an image."""
    if len(group) > MOST:
        raise Hdf5Error(f"{path}: has {len(group)} blocks of labels, more than {MOST}")
    axes, blocks = _stated_axes(file, lane), []
    for name in sorted(group):
        dataset = _own(group, name)
        if not isinstance(dataset, h5py.Dataset):
            continue
        ranges = re.findall(r"(\d+):(\d+)", text(dataset, "blockSlice") or "")
        order = axes if axes and len(axes) == dataset.ndim else AXES.get(dataset.ndim, "")
        begins = {axis: int(begin) for axis, (begin, _) in zip(order, ranges, strict=False)}
        sides = dict(zip(order, dataset.shape, strict=False))
        flat = all(sides.get(axis, 1) == 1 for axis in "tc")
        if len(ranges) != dataset.ndim or not {"y", "x"} <= {*sides} or not flat:
            raise Hdf5Error(
                f"{path}: its labels {name} lie along {order or dataset.shape}, not z, y and x of "
                "one time point; label a single volume"
            )
        start = tuple(begins.get(axis, 0) for axis in "zyx")
        shape = tuple(sides.get(axis, 1) for axis in "zyx")
        blocks.append(Block(dataset.name, order, start, shape))
    return blocks


def _read(dataset, block, cut):
    """Labels of a block within a box, along (z, y, x)."""
    within = {
        axis: slice(start - begin, stop - begin)
        for axis, (start, stop), begin in zip("zyx", cut, block.start, strict=True)
    }
    found = dataset[tuple(within.get(axis, 0) for axis in block.axes)]
    kept = [axis for axis in block.axes if axis in "zyx"]
    order = [axis for axis in "zyx" if axis in kept]
    found = found.transpose([kept.index(axis) for axis in order])
    return np.clip(found if "z" in kept else found[None], 0, IGNORE).astype(np.uint8)


def _table(path, names, classes):
    """Class of each label, and a sentence that says so."""
    if len(names) >= IGNORE:
        raise ValueError(f"{path}: has {len(names)} labels, more than 254")
    table = np.full(IGNORE + 1, IGNORE, np.uint8)
    table[1:] = np.arange(IGNORE)
    for index, name in enumerate(names if classes else ()):
        number = next((number for rule, number in classes if fnmatchcase(name, rule)), None)
        if number is None:
            raise ValueError(
                f"{path}: its label {name} has no class; say it with --named '{name}=CLASS'"
            )
        if not 0 <= number <= IGNORE:
            raise ValueError(f"{path}: class {number} of its label {name} is not in 0 to 255")
        table[index + 1] = number
    listed = ", ".join(f"{name} is class {table[n]}" for n, name in enumerate(names, 1))
    return table, f"what has no label is 255; of its labels {listed or 'the first is class 0'}"


def _stated_axes(file, lane):
    """Axes of an image, such as "zyxc"; None if the project states none."""
    stated = _own(file, f"{LANES}/lane{lane:04}/Raw Data/axistags")
    try:
        tags = json.loads(_string(stated[()]))
        return "".join(axis["key"] for axis in tags["axes"])
    except (KeyError, TypeError, ValueError):
        return None


def _file_of(file, lane):
    """Name of the file of an image, without its folders."""
    stated = _own(file, f"{LANES}/lane{lane:04}/Raw Data/filePath")
    place = f"image {lane}" if stated is None else _string(stated[()])
    inside = re.sub(r"(\.h5|\.hdf5|\.ilp|\.n5|\.zarr)/.*", r"\1", place)
    return PureWindowsPath(inside).name


def _own(group, path):
    """Find a member that no link to another file leads to; None if there is none."""
    for name in path.split("/"):
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            return None
        group = group[name]
    return group


def _string(value):
    """Turn a stored text into a str."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
